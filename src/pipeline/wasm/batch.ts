/*
 * AssemblyScript: see src/xsk/wasm/rings.ts. Loops over the arrays of a batch. Places are byte offsets into the memory.
 */

/** The first packet from `from` on that is dropped: whose egress is negative; `count` when there is none. */
export function firstDropped(egress: u32, from: u32, count: u32): u32 {
  let i = from;
  for (; i + 4 <= count; i += 4) {
    const negative = i32x4.bitmask(v128.load(egress + (i << 2)));
    if (negative !== 0) return i + ctz(negative);
  }
  while (i < count && load<i32>(egress + (i << 2)) >= 0) i++;
  return i;
}

/** The first packet behind `from` that leaves elsewhere. */
export function endOfRun(egress: u32, from: u32, count: u32): u32 {
  const port = load<i32>(egress + (from << 2));
  const ports = i32x4.splat(port);
  let i = from + 1;
  for (; i + 4 <= count; i += 4) {
    const others = i32x4.bitmask(i32x4.ne(v128.load(egress + (i << 2)), ports));
    if (others !== 0) return i + ctz(others);
  }
  while (i < count && load<i32>(egress + (i << 2)) === port) i++;
  return i;
}

/** Words of a run: where it ends, its bytes, its sender in two parts, and its EtherType as a little-endian number. */
const RUN_BYTES: u32 = 20;

/**
 * Lists the runs of packets that have one sender and one EtherType, each in a frame.
 *
 * @param frames where the packets' addresses are counted from
 * @returns how many there are
 */
export function listRuns(addresses: u32, lengths: u32, count: u32, frames: u32, list: u32): u32 {
  let at = list;
  for (let i: u32 = 0; i < count; ) {
    const first = frames + load<u32>(addresses + (i << 2));
    // The sender, and the EtherType behind it.
    const sender = load<u64>(first, 6);
    let bytes = load<u32>(lengths + (i << 2));
    for (i++; i < count; i++) {
      if (load<u64>(frames + load<u32>(addresses + (i << 2)), 6) !== sender) break;
      bytes += load<u32>(lengths + (i << 2));
    }
    store<u32>(at, i);
    store<u32>(at, bytes, 4);
    store<u32>(at, <u32>sender & 0xffff, 8);
    store<u32>(at, <u32>(sender >> 16), 12);
    store<u32>(at, <u32>(sender >> 48), 16);
    at += RUN_BYTES;
  }
  return (at - list) / RUN_BYTES;
}
