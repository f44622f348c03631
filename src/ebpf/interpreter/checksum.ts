/**
 * bpf_csum_diff as in Linux 6.13 and later (net/core/filter.c): what a checksum changes by where the bytes `from` are replaced
 * by `to`, added to `seed`, and folded to 16 bits. Older kernels refuse lengths that are no multiple of 4, and may leave the
 * sum unfolded.
 */
export function csumDiff(from: Uint8Array, to: Uint8Array, seed: number): number {
  let sum = seed;
  if (from.length > 0 && to.length > 0) sum = add(partial(to, seed), ~partial(from, 0));
  else if (to.length > 0) sum = partial(to, seed);
  else if (from.length > 0) sum = ~partial(from, ~seed);
  const folded = (sum & 0xffff) + (sum >>> 16);
  return folded > 0xffff ? folded - 0xffff : folded;
}

/** csum_partial: the one's complement sum of the bytes, as words of 32 bits in host order, the last one filled up with zeros. */
function partial(bytes: Uint8Array, seed: number): number {
  let sum = seed >>> 0;
  for (let at = 0; at < bytes.length; at++) sum = add(sum, bytes[at]! << (8 * (at & 3)));
  return sum;
}

/** csum_add: what is carried out at the top comes in again at the bottom. */
function add(a: number, b: number): number {
  const sum = (a >>> 0) + (b >>> 0);
  return sum > 0xffff_ffff ? sum - 0xffff_ffff : sum;
}
