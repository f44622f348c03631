import type { FramePlan } from './frame-plan.js';

/** Words of 64 bits that the kernel's writer keeps in its map `state`. */
export const LiveWord = {
  /** The frame that is next. */
  next: 0,
  /** Bytes so far; counted only where frames have several sizes. */
  bytes: 1,
  /** Where it is in the plan's cycle of sizes. */
  cycle: 2,
  /** From here on: the next value of each field that steps, in the order of the plan's windows. */
  fields: 3,
} as const;

/** What the map holds before frame `n` is written. A division is too slow to be done for each frame. */
export function liveState({ windows, cycle }: FramePlan, n: number): BigUint64Array {
  const words = new BigUint64Array(LiveWord.fields + windows.length);
  words[LiveWord.next] = BigInt(n);
  words[LiveWord.cycle] = BigInt(n % cycle.length);
  for (const [i, { base, step, count }] of windows.entries()) {
    words[LiveWord.fields + i] = BigInt(base + step * (n % count));
  }
  return words;
}
