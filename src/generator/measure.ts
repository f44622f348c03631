import { setU32, u32 } from '../wire/index.js';

/**
 * What a receiver measures by: the last bytes of the IP packet, whatever its headers are, all big-endian.
 *
 * | offset | bytes | |
 * |---|---|---|
 * | 0 | 4 | magic, "XDPK" |
 * | 4 | 4 | number of the stream |
 * | 8 | 8 | sequence number, from 0 |
 * | 16 | 8 | when it was sent: nanoseconds of CLOCK_MONOTONIC |
 *
 * The clock is that of the sending machine, the same in all of its namespaces: latency means something where sender and
 * receiver run on one machine.
 */
export const Measure = { magic: 0, stream: 4, sequence: 8, time: 16, length: 24 } as const;

export const MEASURE_MAGIC = 0x5844_504b;

/** Sets what stays the same in all frames. */
export function markMeasure(bytes: Uint8Array, at: number, stream: number): void {
  setU32(bytes, at + Measure.magic, MEASURE_MAGIC);
  setU32(bytes, at + Measure.stream, stream);
}

const WORD = 0x1_0000_0000;

/**
 * Sets a whole number up to 2^53.
 *
 * @returns the sum of its 16-bit words, for a checksum
 */
export function putU64(view: DataView, at: number, value: number): number {
  const high = Math.floor(value / WORD);
  const low = value >>> 0;
  view.setUint32(at, high);
  view.setUint32(at + 4, low);
  return (high >>> 16) + (high & 0xffff) + (low >>> 16) + (low & 0xffff);
}

/** A number of 64 bits; above 2^53 it is rounded. */
export function u64(bytes: Uint8Array, at: number): number {
  return u32(bytes, at) * WORD + u32(bytes, at + 4);
}
