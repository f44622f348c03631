import { UNALIGNED_OFFSET_SHIFT } from './abi.js';
import { frameBase } from './frame-base.js';
import { Consumer, Producer } from './ring.js';

/** 32-bit words of an entry: a u64 address. */
export const ADDRESS_WORDS = 2;

/** Writes frame addresses: our end of a fill ring, the kernel's end of a completion ring. */
export class AddressProducer extends Producer {
  /** Writes the first `count` of the reserved entries. @param addresses where they stand: a byte of the arena */
  write(addresses: number, count: number): void {
    this.loops.writeAddresses(this.entries, this.head, this.mask, addresses, count);
  }

  /** Copies the first `count` of the entries peeked at in `from` to those reserved here, each masked with `chunkMask`. */
  pass(from: AddressConsumer, count: number, chunkMask: number): void {
    const { entries, head, mask } = this;
    this.loops.passAddresses(entries, head, mask, from.entries, from.tail, from.mask, count, chunkMask);
  }

  /** The same for a UMEM whose frames no mask can name: each entry becomes the first address of its frame. */
  passUnaligned(from: AddressConsumer, count: number, frameSize: number): void {
    const { words } = this;
    const base = this.base | 0;
    const mask = this.mask | 0;
    const source = from.words;
    const sourceBase = from.base | 0;
    const sourceMask = from.mask | 0;
    const end = count | 0;
    const inverse = 1 / frameSize;
    let entry = this.head | 0;
    let sourceEntry = from.tail | 0;
    for (let i = 0; i < end; i++) {
      const sourceAt = sourceBase + ((sourceEntry & sourceMask) << 1);
      const address = source[sourceAt]! + (source[sourceAt + 1]! >>> UNALIGNED_OFFSET_SHIFT);
      words[base + ((entry & mask) << 1)] = frameBase(address, frameSize, inverse);
      entry = (entry + 1) | 0;
      sourceEntry = (sourceEntry + 1) | 0;
    }
  }

  protected at(index: number): number {
    return this.base + (((this.head + index) & this.mask) << 1);
  }
}

/** Reads frame addresses: our end of a completion ring, the kernel's end of a fill ring. */
export class AddressConsumer extends Consumer {
  /**
   * Reads the first `count` of the entries peeked at, each masked with `chunkMask`.
   * @param to where to put them: a byte of the arena
   */
  read(to: number, count: number, chunkMask: number): void {
    const { entries, tail, mask } = this;
    this.loops.readAddresses(to, entries, tail, mask, count, chunkMask);
  }

  /** The same for a UMEM whose frames no mask can name: each becomes the first address of its frame, from `addresses[to]` on. */
  readUnaligned(addresses: Uint32Array, to: number, count: number, frameSize: number): void {
    const { words } = this;
    const base = this.base | 0;
    const mask = this.mask | 0;
    const end = (to + count) | 0;
    const inverse = 1 / frameSize;
    let entry = this.tail | 0;
    for (let i = to | 0; i < end; i++) {
      const at = base + ((entry & mask) << 1);
      const address = words[at]! + (words[at + 1]! >>> UNALIGNED_OFFSET_SHIFT);
      addresses[i] = frameBase(address, frameSize, inverse);
      entry = (entry + 1) | 0;
    }
  }

  protected at(index: number): number {
    return this.base + (((this.tail + index) & this.mask) << 1);
  }
}
