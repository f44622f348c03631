import { summary } from '../wire/index.js';
import type { Batch } from './batch.js';

/**
 * One packet of a batch, seen in place: a flyweight that is moved from packet to packet. It must not be kept after the
 * call that it was handed to; {@link copy} can be. Offsets count bytes from the start of the Ethernet header; numbers
 * are big-endian. Reads beyond the packet give 0, writes beyond it are ignored: neither reaches a neighbour's frame.
 */
export class Packet {
  #batch: Batch;
  #start = 0;
  #length = 0;
  #index = 0;
  readonly #frameSize: number;

  /** @param frameSize bytes of a frame, a power of two: as far as a packet can grow */
  constructor(batch: Batch, frameSize: number) {
    this.#batch = batch;
    this.#frameSize = frameSize;
  }

  /** For whoever owns the batch. */
  moveTo(index: number): void {
    this.#index = index;
    this.#start = this.#batch.addresses[index]!;
    this.#length = this.#batch.lengths[index]!;
  }

  /** Bytes. */
  get length(): number {
    return this.#length;
  }

  /** From 1 byte up to what is left of the frame. New bytes have whatever value stood there. */
  set length(length: number) {
    const limit = this.#frameSize - (this.#start & (this.#frameSize - 1));
    if (!(length >= 1 && length <= limit)) throw new RangeError(`a packet has 1 to ${limit} bytes, not ${length}`);
    this.#length = length;
    this.#batch.lengths[this.#index] = length;
  }

  u8(offset: number): number {
    return offset >= 0 && offset < this.#length ? this.#batch.bytes[this.#start + offset]! : 0;
  }

  u16(offset: number): number {
    return (this.u8(offset) << 8) | this.u8(offset + 1);
  }

  u32(offset: number): number {
    return ((this.u16(offset) << 16) | this.u16(offset + 2)) >>> 0;
  }

  setU8(offset: number, value: number): void {
    if (offset >= 0 && offset < this.#length) this.#batch.bytes[this.#start + offset] = value;
  }

  setU16(offset: number, value: number): void {
    this.setU8(offset, value >>> 8);
    this.setU8(offset + 1, value);
  }

  setU32(offset: number, value: number): void {
    this.setU16(offset, value >>> 16);
    this.setU16(offset + 2, value);
  }

  /** The packet's bytes, to keep. */
  copy(): Uint8Array {
    return this.#batch.bytes.slice(this.#start, this.#start + this.#length);
  }

  /** One line for people. */
  summary(): string {
    return summary(this.#batch.bytes, this.#start, this.#length);
  }
}
