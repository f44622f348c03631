/*
 * AssemblyScript: see src/xsk/wasm/rings.ts. For the loops over packets that have a class.
 */

/** A bit in each of eight bytes. */
const EACH: u64 = ((<u64>0x0101_0101) << 32) | 0x0101_0101;

/** The first packet from `from` on that has one of the bits; `to` or more when there is none. */
export function next(classes: u32, from: u32, to: u32, bits: u32): u32 {
  const each = <u64>bits * EACH;
  for (let i = from; i < to; i += 8) {
    const found = load<u64>(classes + i) & each;
    if (found !== 0) return i + (<u32>ctz(found) >> 3);
  }
  return to;
}
