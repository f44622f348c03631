/*
 * AssemblyScript: see src/xsk/wasm/rings.ts. Places are byte offsets into the memory.
 */

/** 2^32 divided by the golden ratio. */
const GOLDEN: u32 = 0x9e37_79b9;
const FILTER_SHIFT: u32 = 19;

/**
 * Of the packets `from` up to `to`, lists those one of whose addresses may be in a set, by its filter. No branch depends on what is
 * found: which packets are is hard to predict, and a wrong guess costs as much as several packets.
 *
 * @param frames where the packets' addresses are counted from
 * @returns how many are in the list
 */
export function search(addresses: u32, from: u32, to: u32, frames: u32, filter: u32, list: u32): u32 {
  let found: u32 = 0;
  for (let i = from; i < to; i++) {
    const at = frames + load<u32>(addresses + (i << 2));
    const destination = load<u8>(filter + ((load<u32>(at, 2) * GOLDEN) >> FILTER_SHIFT));
    const source = load<u8>(filter + ((load<u32>(at, 8) * GOLDEN) >> FILTER_SHIFT));
    store<u32>(list + (found << 2), i);
    found += destination | source;
  }
  return found;
}
