/*
 * AssemblyScript: see src/xsk/wasm/rings.ts. Places are byte offsets into the memory. The table and the filter are those of a MacSet.
 */

/** 2^32 divided by the golden ratio. */
const GOLDEN: u32 = 0x9e37_79b9;
const FILTER_SHIFT: u32 = 19;
const TABLE_SHIFT: u32 = 20;
/** Of the places' first words. */
const TABLE_MASK: u32 = 4094;
/** In the word with an address's upper 16 bits: there is one. */
const USED: u32 = 0x1_0000;

/** Whether an address, whose first two bytes and last four are given, is in a table. */
function isIn(table: u32, high: u32, low: u32): bool {
  const key = high | USED;
  let place = (((low ^ (key * GOLDEN)) * GOLDEN) >> TABLE_SHIFT) & TABLE_MASK;
  let found = load<u32>(table + (place << 2));
  // A table is never more than half full.
  while (found !== 0) {
    if (found === key && load<u32>(table + (place << 2), 4) === low) return true;
    place = (place + 2) & TABLE_MASK;
    found = load<u32>(table + (place << 2));
  }
  return false;
}

/**
 * Lists which of the packets `from` up to `to` are to or from a member.
 *
 * @param frames where the packets' addresses are counted from
 * @returns how many
 */
export function search(addresses: u32, from: u32, to: u32, frames: u32, filter: u32, table: u32, list: u32): u32 {
  let likely: u32 = 0;
  // No branch depends on what is found: which packets are is hard to predict, and a wrong guess costs as much as several packets.
  for (let i = from; i < to; i++) {
    const at = frames + load<u32>(addresses + (i << 2));
    const destination = load<u8>(filter + ((load<u32>(at, 2) * GOLDEN) >> FILTER_SHIFT));
    const source = load<u8>(filter + ((load<u32>(at, 8) * GOLDEN) >> FILTER_SHIFT));
    store<u32>(list + (likely << 2), i);
    likely += destination | source;
  }
  let found: u32 = 0;
  for (let n: u32 = 0; n < likely; n++) {
    const i = load<u32>(list + (n << 2));
    const at = frames + load<u32>(addresses + (i << 2));
    const isMember = isIn(table, load<u16>(at, 6), load<u32>(at, 8)) || isIn(table, load<u16>(at), load<u32>(at, 2));
    store<u32>(list + (found << 2), i);
    if (isMember) found++;
  }
  return found;
}
