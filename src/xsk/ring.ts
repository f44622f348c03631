import { type Arena, XdpError } from '../sys/index.js';
import { UNALIGNED_OFFSET_SHIFT, XDP_RING_NEED_WAKEUP } from './abi.js';
import { type RingLoops, ringLoops } from './ring-loops.js';

/**
 * Where the parts of one ring stand in memory that two sides share: the kernel and us, or two ends of the in-memory
 * twin. All offsets count 32-bit words. Layout: Documentation/networking/af_xdp.rst, offsets by XDP_MMAP_OFFSETS.
 */
export interface RingMemory {
  /** All of the ring: a part of an arena. */
  readonly words: Uint32Array;
  /** Of that arena. */
  readonly loops: RingLoops;
  /** Entries; a power of two. */
  readonly size: number;
  readonly producer: number;
  readonly consumer: number;
  readonly flags: number;
  readonly descriptors: number;
}

/**
 * One side of a ring. The index arithmetic stands here and in the two sides below, the loops over entries in WebAssembly, but for
 * those of the rarer kinds of UMEM, which are in the rings of addresses and of descriptors: they keep in locals what V8 would load
 * again for every entry, and say `| 0` of what V8 would otherwise check to be an integer in every round.
 *
 * Indices run through all of u32 and are kept as i32, so that differences wrap by themselves; they pass 2^32 after 18 minutes
 * at 4 Mpps.
 */
abstract class Ring {
  readonly words: Uint32Array;
  /** Where the entries begin: a word of `words`, and a byte of the arena. */
  readonly base: number;
  readonly entries: number;
  readonly mask: number;
  readonly size: number;
  readonly loops: RingLoops;
  /** Next entry to write, and next to read. Its own one is this side's word; the other is as it was last seen. */
  head: number;
  tail: number;
  /** Where its indices stand: bytes of the arena. */
  readonly producer: number;
  readonly consumer: number;

  constructor(memory: RingMemory) {
    const { words, loops, descriptors } = memory;
    const byteOf = (word: number) => words.byteOffset + word * Uint32Array.BYTES_PER_ELEMENT;
    this.words = words;
    this.loops = loops;
    this.base = descriptors;
    this.entries = byteOf(descriptors);
    this.mask = memory.size - 1;
    this.size = memory.size;
    this.producer = byteOf(memory.producer);
    this.consumer = byteOf(memory.consumer);
    this.head = loops.loadIndex(this.producer);
    this.tail = loops.loadIndex(this.consumer);
  }

  /** Which word an entry begins at, counted from this side's next one. */
  protected abstract at(index: number): number;

  /**
   * The address in an entry. Its upper half is 0, but for unaligned chunks, where it holds the offset (af_xdp.rst,
   * XDP_UMEM_UNALIGNED_CHUNK_FLAG); the UMEM is below 4 GiB.
   */
  protected addressAt(index: number): number {
    const at = this.at(index);
    return (this.words[at]! + (this.words[at + 1]! >>> UNALIGNED_OFFSET_SHIFT)) >>> 0;
  }
}

/** The index arithmetic that the writing side of a ring needs. Entries from `head` up to what is reserved belong to it. */
export abstract class Producer extends Ring {
  readonly #flags: number;
  /** The other side's index. */
  readonly #consumer: number;
  #reserved = 0;

  constructor(memory: RingMemory) {
    super(memory);
    this.#flags = memory.flags;
    this.#consumer = memory.consumer;
  }

  /** How many of `max` entries may now be written; they are this side's until {@link submit}. */
  reserve(max: number): number {
    let free = this.size - ((this.head - this.tail) | 0);
    if (free < max) {
      this.tail = this.loops.loadIndex(this.consumer);
      free = this.size - ((this.head - this.tail) | 0);
    }
    this.#reserved = Math.min(free, max);
    return this.#reserved;
  }

  /**
   * Hands the first `count` reserved entries to the other side.
   * @throws XDP_ERR_RING_OVERRUN when fewer were reserved: the kernel would not notice, and packets would be corrupted
   */
  submit(count: number): void {
    this.advance(count);
    this.loops.storeIndex(this.producer, this.head);
  }

  /** What {@link submit} does on this side. */
  protected advance(count: number): void {
    if (count > this.#reserved) {
      throw new XdpError('XDP_ERR_RING_OVERRUN', `${count} entries submitted to a ring, ${this.#reserved} reserved`);
    }
    this.#reserved -= count;
    this.head = (this.head + count) | 0;
  }

  /** The addresses in the entries that the other side has not taken yet. For audits: it allocates. */
  waiting(): number[] {
    const pending = this.pending();
    return Array.from({ length: pending }, (_, i) => this.addressAt(i - pending));
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
    Atomics.store(this.words, this.#flags, on ? XDP_RING_NEED_WAKEUP : 0);
  }
}

/** The index arithmetic that the reading side of a ring needs. */
export abstract class Consumer extends Ring {
  /** The addresses in the entries that wait for this side. For audits: it allocates. */
  waiting(): number[] {
    return Array.from({ length: this.peek(this.size) }, (_, i) => this.addressAt(i));
  }

  /** How many of `max` entries can be read; they stay this side's until {@link release}. */
  peek(max: number): number {
    let ready = (this.head - this.tail) | 0;
    if (ready < max) {
      this.head = this.loops.loadIndex(this.producer);
      ready = (this.head - this.tail) | 0;
    }
    return Math.min(ready, max);
  }

  /** Gives the first `count` entries back to the other side. They must have been peeked at. */
  release(count: number): void {
    this.advance(count);
    this.loops.storeIndex(this.consumer, this.tail);
  }

  /** What {@link release} does on this side. */
  advance(count: number): void {
    if (count > ((this.head - this.tail) | 0)) {
      throw new XdpError('XDP_ERR_RING_OVERRUN', `${count} entries released of a ring that holds fewer`);
    }
    this.tail = (this.tail + count) | 0;
  }

  /** The address in entry `index` of those peeked at. */
  address(index: number): number {
    return this.addressAt(index);
  }
}

/** Words before the entries of a ring outside the kernel: each index has a cache line for itself. */
const HEAD_WORDS = 64;

/** Memory of a ring outside the kernel, between two threads: {@link ringAt} gives each of them its view. */
export function ringBytes(arena: Arena, size: number, entryWords: number): Uint8Array {
  return arena.allocate((HEAD_WORDS + size * entryWords) * Uint32Array.BYTES_PER_ELEMENT);
}

/**
 * A ring outside the kernel.
 *
 * @param start where its indices begin: near 2^32 to see them wrap
 */
export function newRing(arena: Arena, size: number, entryWords: number, start = 0): RingMemory {
  const memory = ringAt(arena, ringBytes(arena, size, entryWords), entryWords);
  memory.words[memory.producer] = start;
  memory.words[memory.consumer] = start;
  return memory;
}

/** @param bytes of {@link ringBytes}, in the same arena */
export function ringAt(arena: Arena, bytes: Uint8Array, entryWords: number): RingMemory {
  const words = wordsOf(bytes);
  const size = (words.length - HEAD_WORDS) / entryWords;
  return { words, loops: ringLoops(arena.memory), size, producer: 0, consumer: 16, flags: 32, descriptors: HEAD_WORDS };
}

/** The same memory by words. */
export function wordsOf(bytes: Uint8Array): Uint32Array {
  return new Uint32Array(bytes.buffer, bytes.byteOffset, bytes.byteLength >>> 2);
}
