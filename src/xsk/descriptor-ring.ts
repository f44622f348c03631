import { UNALIGNED_OFFSET_SHIFT, XDP_PKT_CONTD } from './abi.js';
import { Consumer, Producer } from './ring.js';

/** 32-bit words of an entry: {u64 address, u32 length, u32 options}. */
export const DESCRIPTOR_WORDS = 4;

/**
 * Writes descriptors: our end of a TX ring, the kernel's end of an RX ring. `put` and `pass` are for plain ones, whose
 * options are 0 and whose address has no upper half; `writeWhole` and `passWhole` for all.
 */
export class DescriptorProducer extends Producer {
  /** Of the last {@link passWhole}: how many packets, and how many entries the longest of them has. */
  packets = 0;
  longest = 0;

  /**
   * Writes `count` of the reserved entries, and submits them.
   * @param addresses where they stand, and `lengths`: bytes of the arena, see `Batch.places`
   * @returns the packets' bytes
   * @throws XDP_ERR_RING_OVERRUN as {@link submit}
   */
  put(addresses: number, lengths: number, count: number): number {
    const { entries, head, mask } = this;
    this.advance(count);
    return this.loops.writeDescriptors(entries, head, mask, addresses, lengths, count, this.producer);
  }

  /** Writes the first `count` of the reserved entries, with options, from `addresses[from]`, `lengths[from]` and `options[from]` on. */
  writeWhole(addresses: Uint32Array, lengths: Uint32Array, options: Uint32Array, from: number, count: number): void {
    const { words } = this;
    const base = this.base | 0;
    const mask = this.mask | 0;
    const to = (from + count) | 0;
    let entry = this.head | 0;
    for (let i = from | 0; i < to; i++) {
      const at = base + ((entry & mask) << 2);
      words[at] = addresses[i]!;
      // An offset that stood here before is part of the address now.
      words[at + 1] = 0;
      words[at + 2] = lengths[i]!;
      words[at + 3] = options[i]!;
      entry = (entry + 1) | 0;
    }
  }

  /**
   * Moves the first `count` of the entries peeked at in `from` to those reserved here: copies them, releases them there, and submits
   * them.
   * @returns their bytes
   * @throws XDP_ERR_RING_OVERRUN as {@link submit} and `release`
   */
  pass(from: DescriptorConsumer, count: number): number {
    const { entries, head, mask, producer } = this;
    const { tail, consumer } = from;
    this.advance(count);
    from.advance(count);
    return this.loops.passDescriptors(entries, head, mask, from.entries, tail, from.mask, count, consumer, producer);
  }

  /** Only copies them, with options and offsets; tells of {@link packets}, too. */
  passWhole(from: DescriptorConsumer, count: number): number {
    const { words } = this;
    const base = this.base | 0;
    const mask = this.mask | 0;
    const source = from.words;
    const sourceBase = from.base | 0;
    const sourceMask = from.mask | 0;
    const end = count | 0;
    let entry = this.head | 0;
    let sourceEntry = from.tail | 0;
    let bytes = 0;
    let packets = 0;
    let longest = 0;
    let first = 0;
    for (let i = 0; i < end; i++) {
      const at = base + ((entry & mask) << 2);
      const sourceAt = sourceBase + ((sourceEntry & sourceMask) << 2);
      const length = source[sourceAt + 2]!;
      const options = source[sourceAt + 3]!;
      words[at] = source[sourceAt]!;
      words[at + 1] = source[sourceAt + 1]!;
      words[at + 2] = length;
      words[at + 3] = options;
      bytes = (bytes + length) | 0;
      if ((options & XDP_PKT_CONTD) === 0) {
        const frames = (i + 1 - first) | 0;
        if (frames > longest) longest = frames;
        packets = (packets + 1) | 0;
        first = (i + 1) | 0;
      }
      entry = (entry + 1) | 0;
      sourceEntry = (sourceEntry + 1) | 0;
    }
    this.packets = packets;
    this.longest = longest;
    return bytes;
  }

  /** For the kernel's end of the in-memory twin: how far behind its address the packet of a reserved entry begins. */
  setOffset(index: number, offset: number): void {
    this.words[this.at(index) + 1] = offset << UNALIGNED_OFFSET_SHIFT;
  }

  protected at(index: number): number {
    return this.base + (((this.head + index) & this.mask) << 2);
  }
}

/** Reads descriptors: our end of an RX ring, the kernel's end of a TX ring. */
export class DescriptorConsumer extends Consumer {
  /** Bytes. */
  length(index: number): number {
    return this.words[this.at(index) + 2]!;
  }

  options(index: number): number {
    return this.words[this.at(index) + 3]!;
  }

  /** How many of the first `count` entries peeked at make whole packets: up to the last that no other continues. */
  whole(count: number): number {
    let whole = count;
    while (whole > 0 && (this.options(whole - 1) & XDP_PKT_CONTD) !== 0) whole--;
    return whole;
  }

  /**
   * Reads the first `count` of the entries peeked at, and releases them: plain ones, see {@link DescriptorProducer}.
   * @param addresses where to put them, and `lengths`: bytes of the arena, see `Batch.places`
   * @returns the packets' bytes
   * @throws XDP_ERR_RING_OVERRUN as {@link release}
   */
  take(addresses: number, lengths: number, count: number): number {
    const { entries, tail, mask } = this;
    this.advance(count);
    return this.loops.readDescriptors(addresses, lengths, entries, tail, mask, count, this.consumer);
  }

  /** Reads the first `count` of the entries peeked at, with options; an address that comes in two parts is put together. */
  readWhole(addresses: Uint32Array, lengths: Uint32Array, options: Uint32Array, count: number): void {
    const { words } = this;
    const base = this.base | 0;
    const mask = this.mask | 0;
    const end = count | 0;
    let entry = this.tail | 0;
    for (let i = 0; i < end; i++) {
      const at = base + ((entry & mask) << 2);
      addresses[i] = words[at]! + (words[at + 1]! >>> UNALIGNED_OFFSET_SHIFT);
      lengths[i] = words[at + 2]!;
      options[i] = words[at + 3]!;
      entry = (entry + 1) | 0;
    }
  }

  protected at(index: number): number {
    return this.base + (((this.tail + index) & this.mask) << 2);
  }
}
