/**
 * Chance that can be computed for any frame by itself: a hash of the frame's number under a key. It is made of 32-bit
 * operations, so that the kernel's engine can do the same in eBPF.
 */
export interface ChanceKey {
  readonly first: number;
  readonly second: number;
}

/** @param stream tells those apart that shall not agree, such as the fields of a frame */
export function chanceKey(seed: number, stream: number): ChanceKey {
  const first = mix(mix(seed) ^ Math.imul(stream + 1, GOLDEN));
  return { first, second: mix(first + GOLDEN) };
}

/** 2^32 divided by the golden ratio. */
export const GOLDEN = 0x9e37_79b9;

/** 32 bits for frame `n`, a whole number up to 2^53. */
export function chance(key: ChanceKey, n: number): number {
  const high = Math.floor(n / 0x1_0000_0000);
  return mix(mix(n ^ key.first) + key.second + Math.imul(high, GOLDEN));
}

/** One of 0 to `count` - 1, the upper half of `bits * count`. @param count from 1 to 2^32 */
export function choose(bits: number, count: number): number {
  // 16 bits at a time: the product has up to 64, and a number holds 53.
  return Math.floor(((bits >>> 16) * count + Math.floor(((bits & 0xffff) * count) / 0x1_0000)) / 0x1_0000);
}

/** The finalizer of MurmurHash3: every bit of the result depends on every bit of the argument. @returns unsigned */
function mix(value: number): number {
  let x = value | 0;
  x = Math.imul(x ^ (x >>> 16), MIX_FIRST);
  x = Math.imul(x ^ (x >>> 13), MIX_SECOND);
  return (x ^ (x >>> 16)) >>> 0;
}

export const MIX_FIRST = 0x85eb_ca6b;
export const MIX_SECOND = 0xc2b2_ae35;
