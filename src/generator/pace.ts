import { scaled } from './numbers.js';
import { usage } from './usage.js';

/** How fast frames are sent. */
export type Rate =
  | { readonly unit: 'max' }
  /** Frames or bits in a second. */
  | { readonly unit: 'frames' | 'bits'; readonly perSecond: number };

const MAX_RATE = 1e12;

/** @throws XDP_ERR_USAGE */
export function parseRate(value: number | string): Rate {
  const text = String(value).trim();
  if (text === 'max') return { unit: 'max' };
  const match = /^([\d.]+[kmg]?)(pps|bit(?:\/s|ps)?)?$/i.exec(text);
  const perSecond = scaled(match?.[1] ?? '');
  if (perSecond === undefined || !(perSecond > 0 && perSecond <= MAX_RATE)) {
    throw usage(`${JSON.stringify(value)} is no rate`, 'it is like 1000, 1.5M, 100kpps, 250Mbit/s, 1Gbit or max');
  }
  return { unit: /^bit/i.test(match?.[2] ?? '') ? 'bits' : 'frames', perSecond };
}

/** Frames in all. @throws XDP_ERR_USAGE */
export function parseCount(value: number | string): number {
  const count = scaled(String(value).trim());
  if (count === undefined || !Number.isSafeInteger(count) || count < 1) {
    throw usage(`${JSON.stringify(value)} is no whole number above 0`, 'it is like 1000 or 1M');
  }
  return count;
}

const UNITS: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000 };
/** setTimeout takes no more milliseconds. */
const MAX_DURATION = 0x7fff_ffff;

/** A time; without a unit it is seconds. @returns milliseconds @throws XDP_ERR_USAGE */
export function parseDuration(value: number | string): number {
  const match = /^(\d+(?:\.\d+)?)(ms|s|m|h)?$/.exec(String(value).trim());
  const time = Number(match?.[1]) * UNITS[match?.[2] ?? 's']!;
  if (!(time >= 1 && time <= MAX_DURATION)) {
    throw usage(`${JSON.stringify(value)} is no time above 0`, 'it is like 10, 1.5s, 500ms or 2m, up to 24 days');
  }
  return time;
}
