/**
 * Counts of nanoseconds in buckets that are at most a 64th of their value wide: 64 of one nanosecond, then 64 to each
 * doubling. What takes longer than 2^32 nanoseconds (4.3 seconds) is in the last one.
 */

const BITS = 6;
const PER_DOUBLING = 1 << BITS;
const LONGEST = 0xffff_ffff;
export const LATENCY_BUCKETS: number = (32 - BITS + 1) * PER_DOUBLING;

/** The bucket of a latency, which is 0 or more. */
export function latencyBucket(nanoseconds: number): number {
  const value = nanoseconds < LONGEST ? nanoseconds >>> 0 : LONGEST;
  if (value < PER_DOUBLING) return value;
  const shift = 31 - BITS - Math.clz32(value);
  return shift * PER_DOUBLING + (value >>> shift);
}

/** The longest latency that is counted in a bucket. */
export function bucketEnd(bucket: number): number {
  if (bucket < PER_DOUBLING) return bucket;
  const shift = (bucket >>> BITS) - 1;
  return (bucket - shift * PER_DOUBLING + 1) * 2 ** shift - 1;
}

/**
 * The latency that so large a part of all has at most, to a 64th.
 *
 * @param share 0 to 1
 * @returns undefined when nothing was counted
 */
export function latencyAt(counts: ArrayLike<number>, share: number): number | undefined {
  let total = 0;
  for (let i = 0; i < counts.length; i++) total += counts[i]!;
  if (total === 0) return undefined;
  let left = Math.max(1, Math.ceil(total * share));
  for (let i = 0; i < counts.length; i++) {
    left -= counts[i]!;
    if (left <= 0) return bucketEnd(i);
  }
  return bucketEnd(counts.length - 1);
}
