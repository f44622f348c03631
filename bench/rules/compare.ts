import { isDeepStrictEqual } from 'node:util';
import type { LoadedFilter } from './load-filter.js';

/** Throws if two filters judge one of the frames differently, or have counted differently. @returns how often each rule has counted */
export function compareFilters(
  name: string,
  rules: number,
  [ours, theirs]: readonly [LoadedFilter, LoadedFilter],
  frames: Iterable<Uint8Array>,
): number[] {
  for (const frame of frames) {
    const [one, other] = [ours.run.run(frame).action, theirs.run.run(frame).action];
    if (one !== other) {
      throw new Error(`${name}: rules say ${one}, C says ${other}, of ${Buffer.from(frame).toString('hex')}`);
    }
  }
  return Array.from({ length: rules }, (_, rule) => {
    const [one, other] = [ours.counted(rule), theirs.counted(rule)];
    if (!isDeepStrictEqual(one, other)) {
      const text = `rule ${rule + 1} has counted ${one.packets} packets and ${one.bytes} bytes`;
      throw new Error(`${name}: ${text}, in C ${other.packets} and ${other.bytes}`);
    }
    return Number(one.packets);
  });
}
