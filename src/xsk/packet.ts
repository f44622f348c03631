import { summary } from '../wire/index.js';
import type { Batch } from './batch.js';

/** Bytes of both addresses, with which a packet begins. */
const ADDRESSES = 12;

/**
 * One packet of a batch, seen in place: a flyweight that is moved from packet to packet. It must not be kept after the
 * call that it was handed to; {@link copy} can be. Offsets count bytes from the start of the Ethernet header, also through
 * a packet that lies in several fragments; numbers are big-endian. Reads beyond the packet give 0, writes beyond it
 * are ignored: neither reaches a neighbour's frame.
 */
export class Packet {
  readonly #batch: Batch;
  readonly #bytes: Uint8Array;
  readonly #addresses: Uint32Array;
  readonly #lengths: Uint32Array;
  #start = 0;
  /** Bytes in the first frame: what most reads are for. */
  #linear = 0;
  /** Bytes in all frames, where there are several. */
  #length = 0;
  /** The first frame, and how many there are. */
  #first = 0;
  #fragments = 1;
  readonly #frameSize: number;

  /** @param frameSize bytes of a frame: as far as a packet can grow */
  constructor(batch: Batch, frameSize: number) {
    this.#batch = batch;
    this.#bytes = batch.bytes;
    this.#addresses = batch.addresses;
    this.#lengths = batch.lengths;
    this.#frameSize = frameSize;
  }

  /**
   * For whoever owns the batch.
   *
   * @param first frame of the packet, and how many it lies in: {@link Batch.endOf} tells it
   */
  moveTo(first: number, fragments = 1): void {
    this.#first = first;
    this.#fragments = fragments;
    this.#start = this.#addresses[first]!;
    this.#linear = this.#lengths[first]!;
    if (fragments > 1) this.#measure();
  }

  /** Bytes, of all fragments. */
  get length(): number {
    return this.#fragments === 1 ? this.#linear : this.#length;
  }

  /**
   * From 1 byte up to what is left of the frame. New bytes have whatever value stood there. A packet of several fragments
   * keeps its length.
   *
   * @throws RangeError
   */
  set length(length: number) {
    if (this.#fragments > 1) throw new RangeError('the length of a packet of several fragments stays as it is');
    const limit = this.#frameSize - (this.#start % this.#frameSize);
    if (!(length >= 1 && length <= limit)) throw new RangeError(`a packet has 1 to ${limit} bytes, not ${length}`);
    this.#linear = length;
    this.#lengths[this.#first] = length;
  }

  /** Frames that the packet lies in: 1, but for an MTU that no frame holds. */
  get fragments(): number {
    return this.#fragments;
  }

  u8(offset: number): number {
    if (offset >= 0 && offset < this.#linear) return this.#bytes[this.#start + offset]!;
    const at = this.#find(offset);
    return at < 0 ? 0 : this.#bytes[at]!;
  }

  u16(offset: number): number {
    return (this.u8(offset) << 8) | this.u8(offset + 1);
  }

  u32(offset: number): number {
    return ((this.u16(offset) << 16) | this.u16(offset + 2)) >>> 0;
  }

  setU8(offset: number, value: number): void {
    if (offset < ADDRESSES) this.#batch.classifiedBy = undefined;
    if (offset >= 0 && offset < this.#linear) {
      this.#bytes[this.#start + offset] = value;
      return;
    }
    const at = this.#find(offset);
    if (at >= 0) this.#bytes[at] = value;
  }

  setU16(offset: number, value: number): void {
    this.setU8(offset, value >>> 8);
    this.setU8(offset + 1, value);
  }

  setU32(offset: number, value: number): void {
    this.setU16(offset, value >>> 16);
    this.setU16(offset + 2, value);
  }

  /** The packet's bytes, in one piece, to keep. */
  copy(): Uint8Array {
    const bytes = this.#bytes;
    if (this.#fragments === 1) return bytes.slice(this.#start, this.#start + this.#linear);
    const copy = new Uint8Array(this.#length);
    let at = 0;
    for (let i = this.#first; i < this.#first + this.#fragments; i++) {
      const address = this.#addresses[i]!;
      const length = this.#lengths[i]!;
      copy.set(bytes.subarray(address, address + length), at);
      at += length;
    }
    return copy;
  }

  /** One line for people. */
  summary(): string {
    if (this.#fragments > 1) return summary(this.copy(), 0, this.#length);
    return summary(this.#bytes, this.#start, this.#linear);
  }

  /** Where in the UMEM a byte behind the first fragment is; -1 for one that the packet has not. */
  #find(offset: number): number {
    if (!(offset >= this.#linear && offset < this.length)) return -1;
    let rest = offset - this.#linear;
    let i = this.#first + 1;
    while (rest >= this.#lengths[i]!) rest -= this.#lengths[i++]!;
    return this.#addresses[i]! + rest;
  }

  #measure(): void {
    this.#length = 0;
    for (let i = 0; i < this.#fragments; i++) this.#length += this.#lengths[this.#first + i]!;
  }
}
