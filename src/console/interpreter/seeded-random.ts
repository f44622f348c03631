const GOLDEN = 0x9e37_79b9;

/**
 * A generator of 32 random bits, unsigned: SplitMix with the finalizer of MurmurHash3. The same seed gives the same
 * numbers; nothing secret may rest on them.
 */
export function seededRandom(seed: number): () => number {
  let state = seed | 0;
  return () => {
    state = (state + GOLDEN) | 0;
    let x = Math.imul(state ^ (state >>> 16), 0x85eb_ca6b);
    x = Math.imul(x ^ (x >>> 13), 0xc2b2_ae35);
    return (x ^ (x >>> 16)) >>> 0;
  };
}
