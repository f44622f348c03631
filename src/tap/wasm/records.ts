/*
 * AssemblyScript: see src/xsk/wasm/rings.ts. Places are byte offsets into the memory; records are those of src/tap/layout.ts.
 */

import { next } from '../../control/wasm/lib/next';

const RECORD_BYTES: u32 = 32;

/** Copies sixteen bytes at a time, and so up to fifteen too many: behind what is copied there is room on both sides. */
export function copy(to: u32, from: u32, length: u32): void {
  for (let i: u32 = 0; i < length; i += 16) v128.store(to + i, v128.load(from + i));
}

/**
 * Writes packets, each in a frame, until all are written or the block is full.
 *
 * @param state where the next record begins, and how many were lost before it: brought up to date; then how many were written
 * @param limit the last place that a record may begin at
 * @param classes of the packets, of which those with one of the bits are written; without bits, all
 * @param frames where the packets' addresses are counted from
 * @param place of the record: interface, direction, drop reason
 * @returns the next packet to look at then
 */
export function writeRecords(
  state: u32,
  limit: u32,
  classes: u32,
  bits: u32,
  from: u32,
  to: u32,
  addresses: u32,
  lengths: u32,
  frames: u32,
  snap: u32,
  place: u32,
  seconds: u32,
  nanoseconds: u32,
): u32 {
  let at = load<u32>(state);
  let lost = load<u32>(state, 4);
  let written: u32 = 0;
  let packet = bits === 0 ? from : next(classes, from, to, bits);
  while (packet < to && at <= limit) {
    const i = packet << 2;
    const length = load<u32>(lengths + i);
    const captured = min(length, snap);
    store<u32>(at, captured);
    store<u32>(at, length, 4);
    store<u32>(at, seconds, 8);
    store<u32>(at, nanoseconds, 12);
    store<u32>(at, place, 16);
    store<u64>(at, 0, 20);
    store<u32>(at, lost, 28);
    copy(at + RECORD_BYTES, frames + load<u32>(addresses + i), captured);
    at += RECORD_BYTES + ((captured + 3) & ~3);
    lost = 0;
    written++;
    packet = bits === 0 ? packet + 1 : next(classes, packet + 1, to, bits);
  }
  store<u32>(state, at);
  store<u32>(state, lost, 4);
  store<u32>(state, written, 8);
  return packet;
}
