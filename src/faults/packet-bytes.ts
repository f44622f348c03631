import type { Batch } from '../xsk/index.js';

/** Bytes of the packet in the frames `first` up to `end`. */
export function packetLength(batch: Batch, first: number, end: number): number {
  const { lengths } = batch;
  let length = lengths[first]!;
  for (let i = first + 1; i < end; i++) length += lengths[i]!;
  return length;
}

/** Where in the UMEM a byte of a packet is, which it has. */
export function byteAddress(batch: Batch, first: number, offset: number): number {
  let rest = offset;
  let i = first;
  while (rest >= batch.lengths[i]!) rest -= batch.lengths[i++]!;
  return batch.addresses[i]! + rest;
}
