import { readFileSync } from 'node:fs';
import { calls, Errno, Mapping, SystemError, type Watch } from '../sys/index.js';
import type { BpfMap } from './map.js';

const PROT_READ = 1;
const PROT_READ_WRITE = 3;
const MAP_SHARED_FIXED = 0x11;
const POLLIN = 1;
const AT_PAGESZ = 6n;

/** In front of each record: u32 length with two flags, u32 for the kernel; records begin at multiples of 8 bytes. */
const HEADER = 8;
/** The sign bit: a program has reserved the record, and is still writing it. */
const BUSY = 1 << 31;
const DISCARDED = 1 << 30;
const LENGTH = DISCARDED - 1;

/**
 * Called for each record: `length` bytes at `offset` of `data`. The memory is the ring itself: it is good only during the
 * call, and writing to it ends the process (the kernel maps it for reading). `data.slice(offset, offset + length)` copies.
 */
export type RecordVisitor = (data: Uint8Array, offset: number, length: number) => void;

/**
 * The reading end of a `ringBuffer` map: records from programs (bpf_ringbuf_output, bpf_ringbuf_submit), in order,
 * without a copy. One reader at a time. Linux 5.8.
 *
 * ```ts
 * using ring = new RingBuffer(map);
 * ring.watch(() => ring.read((data, offset, length) => console.log(data.slice(offset, offset + length))));
 * ```
 */
export class RingBuffer implements Disposable {
  readonly #map: BpfMap;
  readonly #size: number;
  readonly #memory: Mapping;
  /** How many bytes were read, and written, since the beginning: u64 each. */
  readonly #consumer: BigInt64Array;
  readonly #producer: BigInt64Array;
  readonly #headers: Int32Array;
  readonly #data: Uint8Array;
  #position: number;

  /**
   * Maps the ring. The map itself stays with whoever made it, and has to be open for {@link wait} and {@link watch}.
   *
   * @throws RangeError when the map is of another kind
   */
  constructor(map: BpfMap) {
    if (map.kind !== 'ringBuffer') throw new RangeError(`map ${map.name} is of kind ${map.kind}, not a ring buffer`);
    this.#map = map;
    this.#size = map.maxEntries;
    const page = pageSize();
    this.#memory = mapRing(map.fd, page, this.#size);
    const { buffer } = this.#memory;
    this.#consumer = new BigInt64Array(buffer, 0, 1);
    this.#producer = new BigInt64Array(buffer, page, 1);
    this.#headers = new Int32Array(buffer, 2 * page);
    this.#data = new Uint8Array(buffer, 2 * page);
    this.#position = Number(Atomics.load(this.#consumer, 0));
  }

  /** Bytes that programs have reserved or written, and that nobody has read yet: headers and padding included. */
  get pending(): number {
    return Number(Atomics.load(this.#producer, 0)) - this.#position;
  }

  /**
   * Reads what is there, up to the first record that a program is still writing. If the visitor throws, the record counts
   * as read.
   *
   * @param limit how many records at most
   * @returns how many records were read; those that a program has discarded don't count
   */
  read(visit: RecordVisitor, limit: number = Number.POSITIVE_INFINITY): number {
    let count = 0;
    let released = this.#position;
    try {
      // A program that writes its record before our position is published wakes nobody: so look again after that.
      for (;;) {
        count += this.#readUntil(Number(Atomics.load(this.#producer, 0)), visit, limit - count);
        if (this.#position === released) return count;
        released = this.#release();
      }
    } finally {
      if (this.#position !== released) this.#release();
    }
  }

  /**
   * Waits in poll(2) for a record: blocks the thread.
   *
   * @param milliseconds at most; 0 only looks
   * @returns whether there is something to read
   */
  wait(milliseconds: number): boolean {
    // struct pollfd {i32 fd; i16 events; i16 revents}, struct timespec {i64 seconds, nanoseconds}
    const poll = new Int32Array([this.#map.fd, POLLIN]);
    const timeout = [Math.floor(milliseconds / 1000), Math.round((milliseconds % 1000) * 1e6)];
    const result = calls.ppoll(poll, 1, new BigUint64Array(timeout.map(BigInt)));
    if (result < 0 && result !== -Errno.EINTR) throw new SystemError('ppoll', -result);
    return result > 0;
  }

  /** Calls back on the event loop for as long as there is something to read. The watch has to end before the map does. */
  watch(onReadable: () => void): Watch {
    return calls.watch(this.#map.fd, onReadable);
  }

  /** Idempotent. */
  close(): void {
    this.#memory.close();
  }

  [Symbol.dispose](): void {
    this.close();
  }

  #readUntil(end: number, visit: RecordVisitor, limit: number): number {
    let count = 0;
    while (this.#position < end && count < limit) {
      const offset = this.#position % this.#size;
      const header = Atomics.load(this.#headers, offset / 4);
      if ((header & BUSY) !== 0) break;
      const length = header & LENGTH;
      this.#position += HEADER + Math.ceil(length / 8) * 8;
      if ((header & DISCARDED) !== 0) continue;
      count++;
      // The kernel maps the pages twice, one copy behind the other: a record is in one piece although it wraps.
      visit(this.#data, offset + HEADER, length);
    }
    return count;
  }

  /** Gives room back to the programs. In one store: half a position would look like a full ring. */
  #release(): number {
    Atomics.store(this.#consumer, 0, BigInt(this.#position));
    return this.#position;
  }
}

/**
 * A page for our position, that we write; then, for reading only, a page for the kernel's position, the data, and the
 * data once more (kernel/bpf/ringbuf.c, ringbuf_map_mmap_kern). They are laid over one range of memory.
 */
function mapRing(fd: number, page: number, size: number): Mapping {
  const memory = Mapping.anonymous(2 * page + 2 * size);
  try {
    calls.mmap(memory.address, page, PROT_READ_WRITE, MAP_SHARED_FIXED, fd, 0);
    calls.mmap(memory.address + page, page + 2 * size, PROT_READ, MAP_SHARED_FIXED, fd, page);
    return memory;
  } catch (error) {
    memory.close();
    throw error;
  }
}

/** Bytes, from the auxiliary vector: pairs of u64. */
function pageSize(): number {
  const vector = new BigUint64Array(Uint8Array.from(readFileSync('/proc/self/auxv')).buffer);
  return Number(vector[vector.findIndex((type, i) => i % 2 === 0 && type === AT_PAGESZ) + 1] ?? 4096n);
}
