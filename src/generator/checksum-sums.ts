/** Arithmetic on sums of 16-bit words that stay small: below 2^31, where V8 works with integers. */

/** Folds to 16 bits (RFC 1071, section 4.1). Twice is enough for a sum of up to 2^15 words. */
export function fold(sum: number): number {
  const once = (sum & 0xffff) + (sum >>> 16);
  return (once & 0xffff) + (once >>> 16);
}

/** @param zero what a checksum of 0 is written as: UDP has 0xffff for it (RFC 768) */
export function checksumOf(sum: number, zero: number): number {
  const checksum = ~fold(sum) & 0xffff;
  return checksum === 0 ? zero : checksum;
}

export function swap(word: number): number {
  return ((word & 0xff) << 8) | (word >>> 8);
}
