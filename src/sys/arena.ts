import * as calls from './calls.js';
import { XdpError } from './errors.js';
import { clearMapped, mapShared } from './map-memory.js';
import { closed, opened } from './trace.js';
import { newWasmMemory, WASM_PAGE, type WasmMemory } from './wasm.js';

const MADV_HUGEPAGE = 14;
const PAGE = 4096;
const HUGE_PAGE = 0x20_0000;
/** Bytes of a cache line: what two threads write stands in two of them. */
const LINE = 64;
/** Offset 0 is nobody's, and neither is what stands beside it. */
const RESERVED = WASM_PAGE;

/**
 * Memory that TypeScript, WebAssembly and the kernel work in, in this thread and in others: up to 4 GiB, in which everything has a
 * byte offset. It grows as it is asked for, by any thread; what is allocated stays until all is closed.
 */
export class Arena implements Disposable {
  readonly memory: WasmMemory;
  /** Where the memory begins in this process. */
  readonly #address: number;
  /** Another thread has made it, and closes it. */
  readonly #isBorrowed: boolean;
  /** What this thread has of it and has not allocated yet. */
  #next = 0;
  #end = 0;
  /** Where what was mapped and is not any more stood, by its length. */
  readonly #vacant: Map<number, number[]> = new Map();
  #isClosed = false;

  private constructor(memory: WasmMemory, isBorrowed: boolean, room?: Uint8Array) {
    this.memory = memory;
    this.#address = calls.addressOf(new Uint8Array(memory.buffer, 0, 1));
    this.#isBorrowed = isBorrowed;
    if (room !== undefined) {
      room.fill(0);
      this.#next = room.byteOffset;
      this.#end = room.byteOffset + room.byteLength;
    }
    if (!isBorrowed) opened(this, 'mapping', `${this.#address.toString(16)}, an arena`);
  }

  /** @throws XDP_ERR_PLATFORM where the address space is limited: V8 reserves 10 GiB of it, and uses what is allocated */
  static create(): Arena {
    try {
      return new Arena(newWasmMemory(RESERVED / WASM_PAGE), false);
    } catch (cause) {
      throw new XdpError('XDP_ERR_PLATFORM', 'there are no 10 GiB of addresses for packet memory', {
        cause,
        advice: 'lift the limit of the address space (ulimit -v unlimited; LimitAS= in a unit)',
      });
    }
  }

  /**
   * Memory that another thread has made, and closes when this thread has ended.
   *
   * @param room memory in it for what this thread allocates, anew: without it, or when it is used up, the arena grows, for good
   */
  static of(memory: WasmMemory, room?: Uint8Array): Arena {
    return new Arena(memory, true, room);
  }

  /** The process's address of a byte. */
  addressOf({ byteOffset }: Uint8Array): number {
    return this.#address + byteOffset;
  }

  /**
   * @param length bytes; they are zero
   * @throws XDP_ERR_USAGE when the arena would be larger than 4 GiB
   */
  allocate(length: number): Uint8Array {
    return this.#view(this.#take(up(length, LINE), LINE, 0), length);
  }

  /**
   * Whole pages, in memory by now: huge ones where the kernel has them to give, without which packets in ten thousand frames would
   * each miss the TLB.
   */
  allocatePages(length: number): Uint8Array {
    const whole = up(length, PAGE);
    const offset = this.#take(whole, length < HUGE_PAGE ? PAGE : HUGE_PAGE, this.#address);
    // Refused by a kernel without them: Documentation/admin-guide/mm/transhuge.rst.
    calls.madvise(this.#address + offset, whole, MADV_HUGEPAGE);
    const bytes = this.#view(offset, length);
    for (let at = 0; at < length; at += PAGE) bytes[at] = 0;
    return bytes;
  }

  /** Maps `length` bytes of a descriptor, shared and populated. @throws SystemError, XDP_ERR_USAGE */
  map(fd: number, length: number, offset: number): Uint8Array {
    const whole = up(length, PAGE);
    // V8's memory begins where a page begins.
    const at = this.#take(whole, PAGE, 0);
    try {
      mapShared(this.#address + at, whole, fd, offset);
    } catch (error) {
      // Nothing may be there now, not even the memory from before.
      clearMapped(this.#address + at, whole);
      this.#vacate(at, whole);
      throw error;
    }
    return this.#view(at, length);
  }

  /** Lets go of what {@link map} gave: there are zeros then, and later what else is mapped. */
  unmap({ byteOffset, byteLength }: Uint8Array): void {
    if (this.#isClosed) return;
    const whole = up(byteLength, PAGE);
    clearMapped(this.#address + byteOffset, whole);
    this.#vacate(byteOffset, whole);
  }

  /**
   * Gives the memory back. V8 offers no way to take a view away, and a stray read of unmapped memory would kill the process: so
   * fresh memory stands in its place, a stale view reads zeros, and the addresses are given back when the last view was collected.
   * Idempotent.
   */
  close(): void {
    if (this.#isClosed || this.#isBorrowed) return;
    this.#isClosed = true;
    closed(this);
    clearMapped(this.#address, this.memory.buffer.byteLength);
  }

  [Symbol.dispose](): void {
    this.close();
  }

  #view(offset: number, length: number): Uint8Array {
    return new Uint8Array(this.memory.buffer, offset, length);
  }

  /** @param base what a multiple of `alignment` is counted from, in front of offset 0 */
  #take(length: number, alignment: number, base: number): number {
    if (this.#isClosed) throw new XdpError('XDP_ERR_CLOSED', 'the memory is closed');
    const vacant = this.#vacant.get(length) ?? [];
    const found = vacant.findIndex((offset) => (base + offset) % alignment === 0);
    if (found >= 0) return vacant.splice(found, 1)[0]!;
    if (up(base + this.#next, alignment) - base + length > this.#end) this.#grow(length + alignment);
    const offset = up(base + this.#next, alignment) - base;
    this.#next = offset + length;
    return offset;
  }

  #grow(length: number): void {
    const pages = up(length, WASM_PAGE) / WASM_PAGE;
    let begin: number;
    try {
      begin = this.memory.grow(pages) * WASM_PAGE;
    } catch (cause) {
      throw new XdpError('XDP_ERR_USAGE', 'packet memory and its rings are smaller than 4 GiB', { cause });
    }
    // Another thread may have let it grow in between.
    if (begin !== this.#end) this.#next = begin;
    this.#end = begin + pages * WASM_PAGE;
  }

  #vacate(offset: number, length: number): void {
    this.#vacant.set(length, [...(this.#vacant.get(length) ?? []), offset]);
  }
}

/** The next multiple of `unit`. */
function up(value: number, unit: number): number {
  return Math.ceil(value / unit) * unit;
}
