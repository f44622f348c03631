import { XdpError } from '../sys/index.js';
import { XDP_RING_NEED_WAKEUP } from './abi.js';
import { copyAddresses, copyDescriptors } from './copy-entries.js';

/**
 * Where the parts of one ring stand in memory that two sides share: the kernel and us, or two ends of the in-memory
 * twin. All offsets count 32-bit words. Layout: Documentation/networking/af_xdp.rst, offsets by XDP_MMAP_OFFSETS.
 */
export interface RingMemory {
  readonly words: Uint32Array;
  /** Entries; a power of two. */
  readonly size: number;
  readonly producer: number;
  readonly consumer: number;
  readonly flags: number;
  readonly descriptors: number;
}

/** Words per entry: a fill or completion entry is a u64 address, a descriptor is {u64 address, u32 length, u32 options}. */
export const ADDRESS_WORDS = 2;
export const DESCRIPTOR_WORDS = 4;

/**
 * The index arithmetic that the writing side of a ring needs. The loops over entries stand in the rings below: they keep
 * in locals what V8 would load again for every entry, and say `| 0` of what V8 would otherwise check to be an integer in
 * every round. Together that takes two thirds off their time.
 *
 * Indices run through all of u32 and are kept as i32, so
 * that differences wrap by themselves; they pass 2^32 after 18 minutes at 4 Mpps.
 */
abstract class Producer {
  protected readonly words: Uint32Array;
  protected readonly base: number;
  protected readonly mask: number;
  /** Next entry to write. Entries up to here + reserved belong to this side. */
  protected head: number;
  readonly size: number;
  readonly #indices: Int32Array;
  readonly #producer: number;
  readonly #consumer: number;
  readonly #flags: number;
  #consumed: number;
  #reserved = 0;

  /** Which word an entry begins at, counted from {@link head}. */
  protected abstract at(index: number): number;

  constructor(memory: RingMemory) {
    const { words } = memory;
    this.words = words;
    this.base = memory.descriptors;
    this.size = memory.size;
    this.mask = memory.size - 1;
    this.#indices = new Int32Array(words.buffer, words.byteOffset, words.length);
    this.#producer = memory.producer;
    this.#consumer = memory.consumer;
    this.#flags = memory.flags;
    this.head = Atomics.load(this.#indices, this.#producer);
    this.#consumed = Atomics.load(this.#indices, this.#consumer);
  }

  /** How many of `max` entries may now be written; they are this side's until {@link submit}. */
  reserve(max: number): number {
    let free = this.size - ((this.head - this.#consumed) | 0);
    if (free < max) {
      this.#consumed = Atomics.load(this.#indices, this.#consumer);
      free = this.size - ((this.head - this.#consumed) | 0);
    }
    this.#reserved = Math.min(free, max);
    return this.#reserved;
  }

  /**
   * Hands the first `count` reserved entries to the other side.
   * @throws XDP_ERR_RING_OVERRUN when fewer were reserved: the kernel would not notice, and packets would be corrupted
   */
  submit(count: number): void {
    if (count > this.#reserved) {
      throw new XdpError('XDP_ERR_RING_OVERRUN', `${count} entries submitted to a ring, ${this.#reserved} reserved`);
    }
    this.#reserved -= count;
    this.head = (this.head + count) | 0;
    Atomics.store(this.#indices, this.#producer, this.head);
  }

  /** The addresses in the entries that the other side has not taken yet. For audits: it allocates. */
  waiting(): number[] {
    const pending = this.pending();
    return Array.from({ length: pending }, (_, i) => this.words[this.at(i - pending)]!);
  }

  /**
   * Entries that the other side has not taken yet. By a plain read, as {@link needsWakeup}: no entry is written because
   * of it.
   */
  pending(): number {
    return (this.head - this.words[this.#consumer]!) | 0;
  }

  /**
   * Whether the kernel asks to be called before it goes on with this ring. A plain read, ten times as fast as an atomic
   * one: no other memory is read by its word, and a flag seen late is seen at the next turn.
   */
  needsWakeup(): boolean {
    return (this.words[this.#flags]! & XDP_RING_NEED_WAKEUP) !== 0;
  }

  /** For the kernel's end of the in-memory twin: says whether it waits to be called. */
  setNeedsWakeup(on: boolean): void {
    Atomics.store(this.#indices, this.#flags, on ? XDP_RING_NEED_WAKEUP : 0);
  }
}

/** The index arithmetic that the reading side of a ring needs. */
abstract class Consumer {
  readonly words: Uint32Array;
  readonly base: number;
  readonly mask: number;
  /** Next entry to read. */
  tail: number;
  readonly size: number;
  readonly #indices: Int32Array;
  readonly #producer: number;
  readonly #consumer: number;
  #produced: number;

  /** Which word an entry begins at, counted from {@link tail}. */
  protected abstract at(index: number): number;

  constructor(memory: RingMemory) {
    const { words } = memory;
    this.words = words;
    this.base = memory.descriptors;
    this.size = memory.size;
    this.mask = memory.size - 1;
    this.#indices = new Int32Array(words.buffer, words.byteOffset, words.length);
    this.#producer = memory.producer;
    this.#consumer = memory.consumer;
    this.tail = Atomics.load(this.#indices, this.#consumer);
    this.#produced = Atomics.load(this.#indices, this.#producer);
  }

  /** The addresses in the entries that wait for this side. For audits: it allocates. */
  waiting(): number[] {
    return Array.from({ length: this.peek(this.size) }, (_, i) => this.words[this.at(i)]!);
  }

  /** How many of `max` entries can be read; they stay this side's until {@link release}. */
  peek(max: number): number {
    let ready = (this.#produced - this.tail) | 0;
    if (ready < max) {
      this.#produced = Atomics.load(this.#indices, this.#producer);
      ready = (this.#produced - this.tail) | 0;
    }
    return Math.min(ready, max);
  }

  /** Gives the first `count` entries back to the other side. They must have been peeked at. */
  release(count: number): void {
    if (count > ((this.#produced - this.tail) | 0)) {
      throw new XdpError('XDP_ERR_RING_OVERRUN', `${count} entries released of a ring that holds fewer`);
    }
    this.tail = (this.tail + count) | 0;
    Atomics.store(this.#indices, this.#consumer, this.tail);
  }
}

/** Writes frame addresses: our end of a fill ring, the kernel's end of a completion ring. */
export class AddressProducer extends Producer {
  /**
   * Writes the first `count` of the reserved entries, from `addresses[from]` on. The upper half of an address stays 0: a
   * UMEM is below 4 GiB.
   */
  write(addresses: Uint32Array, from: number, count: number): void {
    const { words } = this;
    const base = this.base | 0;
    const mask = this.mask | 0;
    const to = (from + count) | 0;
    let entry = this.head | 0;
    for (let i = from | 0; i < to; i++) {
      words[base + ((entry & mask) << 1)] = addresses[i]!;
      entry = (entry + 1) | 0;
    }
  }

  /** Copies the first `count` of the entries peeked at in `from` to those reserved here, each masked with `chunkMask`. */
  pass(from: AddressConsumer, count: number, chunkMask: number): void {
    for (let done = 0; done < count; ) {
      const to = (this.head + done) & this.mask;
      const source = (from.tail + done) & from.mask;
      const run = Math.min(count - done, this.size - to, from.size - source);
      copyAddresses(this.words, this.base + (to << 1), from.words, from.base + (source << 1), run, chunkMask);
      done += run;
    }
  }

  protected at(index: number): number {
    return this.base + (((this.head + index) & this.mask) << 1);
  }
}

/** Reads frame addresses: our end of a completion ring, the kernel's end of a fill ring. */
export class AddressConsumer extends Consumer {
  /** Entry `index` of those peeked at. */
  address(index: number): number {
    return this.words[this.at(index)]!;
  }

  /** Reads the first `count` of the entries peeked at into `addresses`, from `to` on, each masked with `mask`. */
  read(addresses: Uint32Array, to: number, count: number, chunkMask: number): void {
    const { words } = this;
    const base = this.base | 0;
    const mask = this.mask | 0;
    const end = (to + count) | 0;
    let entry = this.tail | 0;
    for (let i = to | 0; i < end; i++) {
      addresses[i] = words[base + ((entry & mask) << 1)]! & chunkMask;
      entry = (entry + 1) | 0;
    }
  }

  protected at(index: number): number {
    return this.base + (((this.tail + index) & this.mask) << 1);
  }
}

/** Writes descriptors: our end of a TX ring, the kernel's end of an RX ring. */
export class DescriptorProducer extends Producer {
  /** Writes the first `count` of the reserved entries, from `addresses[from]` and `lengths[from]` on. */
  write(addresses: Uint32Array, lengths: Uint32Array, from: number, count: number): void {
    const { words } = this;
    const base = this.base | 0;
    const mask = this.mask | 0;
    const to = (from + count) | 0;
    let entry = this.head | 0;
    for (let i = from | 0; i < to; i++) {
      const at = base + ((entry & mask) << 2);
      // The options stay 0, as the kernel made them.
      words[at] = addresses[i]!;
      words[at + 2] = lengths[i]!;
      entry = (entry + 1) | 0;
    }
  }

  /** Copies the first `count` of the entries peeked at in `from` to those reserved here. @returns their bytes */
  pass(from: DescriptorConsumer, count: number): number {
    let bytes = 0;
    for (let done = 0; done < count; ) {
      const to = (this.head + done) & this.mask;
      const source = (from.tail + done) & from.mask;
      const run = Math.min(count - done, this.size - to, from.size - source);
      bytes += copyDescriptors(this.words, this.base + (to << 2), from.words, from.base + (source << 2), run);
      done += run;
    }
    return bytes;
  }

  protected at(index: number): number {
    return this.base + (((this.head + index) & this.mask) << 2);
  }
}

/** Reads descriptors: our end of an RX ring, the kernel's end of a TX ring. */
export class DescriptorConsumer extends Consumer {
  /** Entry `index` of those peeked at. */
  address(index: number): number {
    return this.words[this.at(index)]!;
  }

  /** Bytes. */
  length(index: number): number {
    return this.words[this.at(index) + 2]!;
  }

  options(index: number): number {
    return this.words[this.at(index) + 3]!;
  }

  /** Reads the first `count` of the entries peeked at. */
  read(addresses: Uint32Array, lengths: Uint32Array, count: number): void {
    const { words } = this;
    const base = this.base | 0;
    const mask = this.mask | 0;
    const end = count | 0;
    let entry = this.tail | 0;
    for (let i = 0; i < end; i++) {
      const at = base + ((entry & mask) << 2);
      addresses[i] = words[at]!;
      lengths[i] = words[at + 2]!;
      entry = (entry + 1) | 0;
    }
  }

  protected at(index: number): number {
    return this.base + (((this.tail + index) & this.mask) << 2);
  }
}

/** Memory of a ring outside the kernel. `start` is where its indices begin: near 2^32 to see them wrap. */
export function ringInMemory(size: number, entryWords: number, start = 0): RingMemory {
  const descriptors = 64;
  const words = new Uint32Array(descriptors + size * entryWords);
  words[0] = start;
  words[16] = start;
  return { words, size, producer: 0, consumer: 16, flags: 32, descriptors };
}
