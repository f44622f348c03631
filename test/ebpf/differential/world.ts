import type { Assembled } from '../../../dist/ebpf/index.js';

/** Elements of maps, by the maps' names: keys, and the values of all CPUs. */
export type Contents = Map<string, readonly (readonly [key: Uint8Array, values: readonly Uint8Array[]])[]>;

export interface Outcome {
  readonly action: number;
  readonly packet: Uint8Array;
  readonly metadata: Uint8Array;
}

/** What runs programs. */
export interface World {
  /** Takes programs, and gives the maps they use these contents; `used` names all of them. */
  begin(programs: readonly Assembled[], initial: Contents, used: ReadonlySet<string>): void;
  run(packet: Uint8Array, metadata: Uint8Array): Outcome;
  /** What is in the maps. Queues and rings are empty afterwards. */
  contents(used: ReadonlySet<string>): Contents;
}

const hex = (bytes: Uint8Array): string => Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('hex');

/** Contents as text, with keys in order: a hash map has them in none. */
export function contentsText(contents: Contents, ordered: (name: string) => boolean): string[] {
  return [...contents].flatMap(([name, entries]) => {
    const lines = entries.map(([key, values]) => `${name}[${hex(key)}] = ${values.map(hex).join(' ')}`);
    return ordered(name) ? lines : lines.sort();
  });
}

export const outcomeText = ({ action, packet, metadata }: Outcome): string =>
  `action ${action}, packet ${hex(packet)}, metadata ${hex(metadata)}`;
