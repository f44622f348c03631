import { resolve } from 'node:path';
import type { FrameDescription, TrafficDescription } from './description.js';
import { type FrameFields, parseFrameFields } from './frame-fields.js';
import { parseWhole } from './numbers.js';
import { GENERATOR_OPTIONS } from './option-table.js';
import { parseCount, parseDuration, parseRate, type Rate } from './pace.js';
import { naming, usage } from './usage.js';

/** Traffic whose description is read and checked. */
export interface Traffic {
  readonly frames: { readonly kind: 'described'; readonly fields: FrameFields } | ReplayedFrames;
  /** Undefined: as captured. */
  readonly rate: Rate | undefined;
  /** Frames; Infinity is until stopped. */
  readonly count: number;
  /** Milliseconds; Infinity is until stopped. */
  readonly duration: number;
}

export interface ReplayedFrames {
  readonly kind: 'replayed';
  /** Absolute. */
  readonly file: string;
  /** How often; Infinity is until stopped. */
  readonly loops: number;
}

type Key = keyof TrafficDescription;

/** What goes with a replay. Everything else describes frames. */
const PACE: ReadonlySet<Key> = new Set(['replay', 'loop', 'rate', 'count', 'duration']);

/**
 * Reads a description of traffic, from an object or from the command line.
 *
 * @param nameOf what errors call a property: by default its own name
 * @throws XDP_ERR_USAGE that names the property, also for one that there is not
 */
export function parseTraffic(description: TrafficDescription, nameOf: (key: string) => string = (key) => key): Traffic {
  const known = new Set<string>(GENERATOR_OPTIONS.map(({ key }) => key));
  for (const key of Object.keys(description)) {
    if (!known.has(key)) throw usage(`there is no ${nameOf(key)}`, `there are ${[...known].map(nameOf).join(', ')}`);
  }
  const of = <T>(key: Key, standard: T, parse: (value: number | string) => T): T => {
    const value = description[key];
    return value === undefined ? standard : naming(nameOf(key), () => parse(value as number | string));
  };
  const { replay } = description;
  if (replay === undefined && description.loop !== undefined) {
    throw usage(`${nameOf('loop')} is not for described frames`, `it goes with ${nameOf('replay')}`);
  }
  return {
    frames: replay === undefined ? described(description, nameOf) : replayed(description, replay, nameOf),
    rate: of<Rate | undefined>('rate', replay === undefined ? { unit: 'max' } : undefined, parseRate),
    count: of('count', Number.POSITIVE_INFINITY, parseCount),
    duration: of('duration', Number.POSITIVE_INFINITY, parseDuration),
  };
}

function described(description: FrameDescription, nameOf: (key: string) => string): Traffic['frames'] {
  return { kind: 'described', fields: parseFrameFields(description, nameOf) };
}

function replayed(description: TrafficDescription, file: string, nameOf: (key: string) => string): ReplayedFrames {
  const stray = (Object.keys(description) as Key[]).find((key) => description[key] !== undefined && !PACE.has(key));
  if (stray !== undefined) {
    throw usage(`${nameOf(stray)} is not for a replay`, `frames of ${nameOf('replay')} are sent as they are`);
  }
  const loops = naming(nameOf('loop'), () => parseWhole(description.loop ?? 1, 0, 0xffff_ffff));
  return {
    kind: 'replayed',
    file: resolve(file),
    loops: loops === 0 ? Number.POSITIVE_INFINITY : loops,
  };
}
