/*
 * AssemblyScript: see src/xsk/wasm/rings.ts. Places are byte offsets into the memory. Tables and filters are those of MacSets.
 */

import { next } from './lib/next';

/** 2^32 divided by the golden ratio. */
const GOLDEN: u32 = 0x9e37_79b9;
const FILTER_SHIFT: u32 = 19;
const TABLE_SHIFT: u32 = 20;
/** Of the places' first words. */
const TABLE_MASK: u32 = 4094;
/** In the word with an address's upper 16 bits: there is one. */
const USED: u32 = 0x1_0000;
/** Sets: each has a bit for the source, and four bits above it one for the destination. */
const SETS: u32 = 4;

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

/** The bits that a packet may have, by the filters alone. */
function likely(at: u32, filter: u32): u64 {
  const source: u32 = load<u8>(filter + ((load<u32>(at, 8) * GOLDEN) >> FILTER_SHIFT));
  const destination: u32 = load<u8>(filter + ((load<u32>(at, 2) * GOLDEN) >> FILTER_SHIFT));
  return source | (destination << SETS);
}

/** Of the bits that eight packets may have, those that they have. @param addresses of the first one */
function exact(eight: u64, addresses: u32, frames: u32, tables: u32, tableBytes: u32): u64 {
  let found: u64 = 0;
  for (let rest = eight; rest !== 0; rest &= rest - 1) {
    const bit = <u32>ctz(rest);
    const at = frames + load<u32>(addresses + ((bit >> 3) << 2));
    const table = tables + (bit & (SETS - 1)) * tableBytes;
    const isTo = (bit & SETS) !== 0;
    const high = isTo ? <u32>load<u16>(at) : <u32>load<u16>(at, 6);
    const low = isTo ? load<u32>(at, 2) : load<u32>(at, 8);
    if (isIn(table, high, low)) found |= (<u64>1) << bit;
  }
  return found;
}

/**
 * Writes down for each packet the sets that its addresses are in.
 *
 * @param frames where the packets' addresses are counted from
 * @param filter all sets' filters, each in a bit of its own
 * @returns the bits of all packets
 */
export function classify(
  addresses: u32,
  count: u32,
  frames: u32,
  filter: u32,
  tables: u32,
  tableBytes: u32,
  classes: u32,
): u32 {
  let any: u64 = 0;
  // Eight at once: one of many is a member, and a branch for each of them would be guessed wrong too often.
  for (let i: u32 = 0; i < count; i += 8) {
    const first = addresses + (i << 2);
    let eight: u64 = 0;
    if (i + 8 <= count) {
      eight = likely(frames + load<u32>(first), filter);
      eight |= likely(frames + load<u32>(first, 4), filter) << 8;
      eight |= likely(frames + load<u32>(first, 8), filter) << 16;
      eight |= likely(frames + load<u32>(first, 12), filter) << 24;
      eight |= likely(frames + load<u32>(first, 16), filter) << 32;
      eight |= likely(frames + load<u32>(first, 20), filter) << 40;
      eight |= likely(frames + load<u32>(first, 24), filter) << 48;
      eight |= likely(frames + load<u32>(first, 28), filter) << 56;
    } else {
      for (let n: u32 = 0; i + n < count; n++)
        eight |= likely(frames + load<u32>(first + (n << 2)), filter) << (n << 3);
    }
    if (eight !== 0) eight = exact(eight, first, frames, tables, tableBytes);
    store<u64>(classes + i, eight);
    any |= eight;
  }
  any |= any >> 32;
  any |= any >> 16;
  return <u32>(any | (any >> 8)) & 0xff;
}

/** Gives the packets that have one of the bits another egress, but for those that have a negative one. */
export function redirect(classes: u32, count: u32, bits: u32, egress: u32, value: i32): void {
  for (let i = next(classes, 0, count, bits); i < count; i = next(classes, i + 1, count, bits)) {
    if (load<i32>(egress + (i << 2)) >= 0) store<i32>(egress + (i << 2), value);
  }
}
