import { ETHERNET_HEADER } from '../wire/index.js';
import type { Batch } from '../xsk/index.js';
import { byteAddress, packetLength } from './packet-bytes.js';
import type { Random } from './random.js';

/** Bytes that a packet keeps when it is cut: Ethernet's header and a VLAN tag. */
const SHORTEST = ETHERNET_HEADER + 4;

/**
 * What is done to the bytes of a packet. Addresses and the first EtherType, its first 14 bytes, always survive. A packet is
 * given as the frames `first` up to `end` of a batch.
 */
export class Damage {
  /** Where bytes were inverted last, as offsets into the packet. */
  positions: Int32Array = new Int32Array(64);
  readonly #frameSize: number;
  /** For each offset, the number of the corruption that chose it last. */
  #chosenBy: Uint32Array = new Uint32Array(2048);
  #corruption = 0;

  /** @param frameSize bytes of a frame */
  constructor(frameSize: number) {
    this.#frameSize = frameSize;
  }

  /**
   * Inverts bytes at as many different places; all, when the packet has fewer. {@link positions} has the places.
   *
   * @returns how many
   */
  corrupt(batch: Batch, first: number, end: number, amount: number, random: Random): number {
    const length = packetLength(batch, first, end);
    const there = length - ETHERNET_HEADER;
    const count = Math.min(amount, there);
    if (count <= 0) return 0;
    this.#makeRoom(length, count);
    const { positions } = this;
    const chosenBy = this.#chosenBy;
    const corruption = ++this.#corruption;
    for (let i = 0; i < count; i++) {
      // Floyd's way to choose without repetition (Bentley and Floyd, "A sample of brilliance", 1987).
      const last = there - count + i;
      let place = random.below(last + 1);
      if (chosenBy[place] === corruption) place = last;
      chosenBy[place] = corruption;
      const offset = ETHERNET_HEADER + place;
      positions[i] = offset;
      batch.bytes[byteAddress(batch, first, offset)]! ^= 0xff;
    }
    return count;
  }

  /** Flips one bit. @returns its number, counted from the packet's first byte and a byte's lowest bit; -1 for none */
  flipBit(batch: Batch, first: number, end: number, random: Random): number {
    const there = packetLength(batch, first, end) - ETHERNET_HEADER;
    if (there <= 0) return -1;
    const bit = ETHERNET_HEADER * 8 + random.below(there * 8);
    batch.bytes[byteAddress(batch, first, bit >> 3)]! ^= 1 << (bit & 7);
    return bit;
  }

  /** Appends random bytes to a packet of one frame, as far as that goes. @returns how many */
  grow(batch: Batch, first: number, amount: number, random: Random): number {
    const { bytes } = batch;
    const start = batch.addresses[first]!;
    const length = batch.lengths[first]!;
    const room = this.#frameSize - (start % this.#frameSize) - length;
    const count = Math.min(amount, room);
    if (count <= 0) return 0;
    const from = start + length;
    for (let i = 0, bits = 0; i < count; i++) {
      bits = (i & 3) === 0 ? random.bits() : bits >>> 8;
      bytes[from + i] = bits;
    }
    batch.lengths[first] = length + count;
    return count;
  }

  /** Cuts bytes off the end of a packet of one frame; {@link SHORTEST} stay. @returns how many */
  shrink(batch: Batch, first: number, amount: number): number {
    const length = batch.lengths[first]!;
    const count = Math.min(amount, length - SHORTEST);
    if (count <= 0) return 0;
    batch.lengths[first] = length - count;
    return count;
  }

  #makeRoom(length: number, count: number): void {
    if (count > this.positions.length) this.positions = new Int32Array(2 * count);
    if (length <= this.#chosenBy.length && this.#corruption < 0xffff_ffff) return;
    this.#chosenBy = new Uint32Array(Math.max(this.#chosenBy.length, 2 * length));
    this.#corruption = 0;
  }
}
