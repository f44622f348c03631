import { type Arena, calls, WasmCode, XdpError } from '../sys/index.js';
import type { Batch } from '../xsk/index.js';
import { BLOCK_BYTES, BLOCK_WORDS, Block, RECORD_BYTES, RECORD_WORDS, Record, Ring } from './layout.js';
import { settleRing } from './ring-repair.js';
import { generationOf, Kind, kindOf, stateOf } from './state.js';
import { TapMemory } from './tap-memory.js';

/** What src/tap/wasm/records.ts exports. */
interface RecordLoops {
  copy(to: number, from: number, length: number): void;
  writeRecords(
    state: number,
    limit: number,
    classes: number,
    bits: number,
    from: number,
    to: number,
    addresses: number,
    lengths: number,
    frames: number,
    snap: number,
    place: number,
    seconds: number,
    nanoseconds: number,
  ): number;
}

const code = new WasmCode<RecordLoops>(new URL('./wasm/records.wasm', import.meta.url));

/** Bytes that are copied at a time. */
const STRIDE = 16;
/** More words than the largest tap has. */
const WORD_MASK = 0x1fff_ffff;

/** Which way a packet went. */
export const TapDirection = { unknown: 0, in: 1, out: 2 } as const;
export type TapDirection = (typeof TapDirection)[keyof typeof TapDirection];

/**
 * Writes packets into one ring of a tap, on one thread. It never waits and allocates nothing: where no room is left, a packet
 * is counted lost. Per packet it copies and stores; atomic operations come once per batch and once per block.
 */
export class TapProducer {
  /** Packets lost since the producer began. */
  lost = 0;
  readonly #memory: TapMemory;
  readonly #words: Int32Array;
  readonly #floats: Float64Array;
  readonly #snap: number;
  readonly #ring: number;
  readonly #states: number;
  readonly #blocks: number;
  /** The last place in a block that a record of full length may begin at, in words from the block's beginning. */
  readonly #lastStart: number;
  readonly #tappedAt: number;
  readonly #lostAt: number;
  /** Number, first word and generation of the block that was written last; -1: none. */
  #block = -1;
  #base = 0;
  #generation = 0;
  /** Where the next record begins, and the last word where one may: -1 while no block is open. */
  #at = 0;
  #limit = -1;
  #isOpen = false;
  /** Records in the block, and how many of them are shown; records of this batch in blocks that are full. */
  #count = 0;
  #shown = 0;
  #batch = 0;
  /** Records of this batch that found no room, and those since the last one that did. */
  #batchLost = 0;
  #missed = 0;
  /** Nothing was free when this batch looked. */
  #isFull = false;
  /** The record that was written last, for {@link append}; -1: it was lost. */
  #last = -1;
  readonly #arena: Arena;
  readonly #loops: RecordLoops;
  /** What {@link RecordLoops.writeRecords} brings up to date; where that and the tap begin, as bytes of the arena. */
  readonly #state: Uint32Array;
  readonly #stateAt: number;
  readonly #tapAt: number;
  /** Memory that packets came from last; where it is in the arena, and how far it is good for {@link RecordLoops.copy}: -1 where not. */
  #source: Uint8Array | undefined;
  #sourceAt = 0;
  #sourceEnd = -1;

  private constructor(bytes: Uint8Array, ring: number, arena: Arena) {
    const memory = TapMemory.of(bytes);
    this.#arena = arena;
    this.#loops = code.over(arena.memory);
    const state = this.#arena.allocate(12);
    this.#state = new Uint32Array(state.buffer, state.byteOffset, 3);
    this.#stateAt = state.byteOffset;
    this.#tapAt = bytes.byteOffset;
    const { rings, blocks, blockBytes, snapLength } = memory.geometry;
    if (!Number.isInteger(ring) || ring < 0 || ring >= rings) {
      throw new XdpError('XDP_ERR_USAGE', `the tap has producers 0 to ${rings - 1}, not ${ring}`);
    }
    this.#memory = memory;
    this.#words = memory.words;
    this.#floats = memory.floats;
    this.#snap = snapLength;
    this.#ring = ring;
    this.#states = memory.states(ring);
    this.#blocks = blocks;
    this.#lastStart = (blockBytes - RECORD_BYTES - snapLength - STRIDE) >> 2;
    this.#tappedAt = memory.counter(ring, Ring.tapped);
    this.#lostAt = memory.counter(ring, Ring.lost);
    settleRing(memory, ring);
  }

  /**
   * The producer of a ring, for the thread that calls; one thread at a time may be. When the thread before was ended in the
   * middle of a write, what it had published stays, and what it had not is as if it had never been.
   *
   * @param bytes what `TapQueue.mapInto` has given
   * @param arena the one that the tap is mapped into
   * @throws XDP_ERR_USAGE for a ring that the tap has not
   */
  static at(bytes: Uint8Array, ring: number, arena: Arena): TapProducer {
    return new TapProducer(bytes, ring, arena);
  }

  /**
   * Writes a packet. Nobody sees it before {@link publish}.
   *
   * @param bytes memory that holds it: best the same array each time, and in the tap's arena
   * @param direction of {@link TapDirection}
   * @param seconds since 1970, and nanoseconds of that second
   * @param drop why it was dropped: a number of the tap's `drops`, from 1; 0: it was not
   * @param faults what was done to it: bits of the tap's `faults`
   * @param argument a number that tells more of the fault, 32 bits
   * @returns false when it was lost because the ring is full
   */
  write(
    bytes: Uint8Array,
    offset: number,
    length: number,
    interfaceIndex: number,
    direction: number,
    seconds: number,
    nanoseconds: number,
    drop = 0,
    faults = 0,
    argument = 0,
  ): boolean {
    if (this.#at > this.#limit && !this.#open(seconds, nanoseconds)) {
      this.#batchLost++;
      this.#missed++;
      this.#last = -1;
      return false;
    }
    const words = this.#words;
    const at = this.#at & WORD_MASK;
    const captured = Math.min(length, this.#snap);
    words[at + Record.captured] = captured;
    words[at + Record.length] = length;
    words[at + Record.seconds] = seconds;
    words[at + Record.nanoseconds] = nanoseconds;
    words[at + Record.place] = interfaceIndex | (direction << 16) | (drop << 24);
    words[at + Record.faults] = faults;
    words[at + Record.argument] = argument;
    words[at + Record.lostBefore] = this.#missed;
    this.#copy(bytes, offset, captured, (at + RECORD_WORDS) << 2);
    this.#missed = 0;
    this.#last = at;
    this.#at = at + RECORD_WORDS + ((captured + 3) >>> 2);
    this.#count++;
    return true;
  }

  /**
   * Writes packets that each lie in one frame and that nothing was done to, as {@link write} does for one.
   *
   * @param batch in the tap's arena
   * @param from first packet, and `to`: the one behind the last
   * @param bits of the batch's classes: packets that have one of them; 0: all
   */
  writeBatch(
    batch: Batch,
    from: number,
    to: number,
    bits: number,
    interfaceIndex: number,
    direction: number,
    seconds: number,
    nanoseconds: number,
    drop: number,
  ): void {
    const { places } = batch;
    const tap = this.#tapAt;
    const state = this.#state;
    const place = interfaceIndex | (direction << 16) | (drop << 24);
    // No block is opened for nothing: the loop looks for the first packet before there is one to write into.
    let isThere = bits === 0;
    for (let next = from; next < to; isThere = true) {
      if (isThere && this.#at > this.#limit && !this.#open(seconds, nanoseconds)) {
        const lost = bits === 0 ? to - next : countClassed(batch, next, to, bits);
        this.#batchLost += lost;
        this.#missed += lost;
        break;
      }
      state[0] = tap + (this.#at << 2);
      state[1] = this.#missed;
      next = this.#loops.writeRecords(
        this.#stateAt,
        tap + (this.#limit << 2),
        places.classes,
        bits,
        next,
        to,
        places.addresses,
        places.lengths,
        places.bytes,
        this.#snap,
        place,
        seconds,
        nanoseconds,
      );
      this.#at = (state[0]! - tap) >>> 2;
      this.#missed = state[1]!;
      this.#count += state[2]!;
    }
    this.#last = -1;
  }

  /** Adds a further fragment to the packet that was written last, if that was not lost. */
  append(bytes: Uint8Array, offset: number, length: number): void {
    const last = this.#last;
    if (last < 0) return;
    const words = this.#words;
    const captured = words[last + Record.captured]!;
    const more = Math.min(length, this.#snap - captured);
    words[last + Record.length]! += length;
    if (more <= 0) return;
    const target = ((last + RECORD_WORDS) << 2) + captured;
    this.#copy(bytes, offset, more, target);
    words[last + Record.captured] = captured + more;
    this.#at = last + RECORD_WORDS + ((captured + more + 3) >>> 2);
  }

  /** Shows consumers what was written since the last call: once for every batch of packets. */
  publish(): void {
    if (this.#isOpen) this.#show();
    if (this.#batch === 0 && this.#batchLost === 0) return;
    this.#limit = -1;
    this.#isFull = false;
    this.#last = -1;
    this.lost += this.#batchLost;
    this.#floats[this.#tappedAt]! += this.#batch + this.#batchLost;
    this.#floats[this.#lostAt]! += this.#batchLost;
    this.#batch = 0;
    this.#batchLost = 0;
  }

  /** Opens a block to write into: the last one again, if it has room and nobody has taken it; else the next that is free. */
  #open(seconds: number, nanoseconds: number): boolean {
    if (this.#isFull) return false;
    if (this.#isOpen) this.#show();
    else if (this.#block >= 0 && this.#at - this.#base <= this.#lastStart) {
      const published = stateOf(Kind.published, this.#generation);
      const writing = stateOf(Kind.writing, this.#generation);
      const state = this.#states + this.#block;
      if (Atomics.compareExchange(this.#words, state, published, writing) === published) {
        this.#isOpen = true;
        this.#limit = this.#base + this.#lastStart;
        return true;
      }
    }
    // From the first one on: what was free a moment ago is still in the processor's cache.
    for (let block = 0; block < this.#blocks; block++) {
      // Only the producer takes a free block, so that a plain read will do to pass over the others.
      if (kindOf(this.#words[this.#states + block]!) > Kind.abandoned) continue;
      this.#begin(block, seconds, nanoseconds);
      return true;
    }
    this.#limit = -1;
    this.#isFull = true;
    return false;
  }

  /**
   * Begins a block anew. What became of its last records is added to its totals first. Every step can be done twice, by a
   * thread that comes after one that was ended here: each generation has slots of its own.
   */
  #begin(block: number, seconds: number, nanoseconds: number): void {
    const words = this.#words;
    const floats = this.#floats;
    const memory = this.#memory;
    const state = Atomics.load(words, this.#states + block);
    const base = memory.block(this.#ring, block);
    const generation = generationOf(state);
    const count = words[base + Block.count + (generation & 1)]!;
    const isCollected = kindOf(state) === Kind.collected;
    const next = generation + 1;
    floats[memory.total(base, Block.collected, next)] =
      floats[memory.total(base, Block.collected, generation)]! + (isCollected ? count : 0);
    floats[memory.total(base, Block.abandoned, next)] =
      floats[memory.total(base, Block.abandoned, generation)]! + (isCollected ? 0 : count);
    words[base + Block.end + (next & 1)] = BLOCK_BYTES;
    words[base + Block.count + (next & 1)] = 0;
    const order = this.#memory.ring(this.#ring) + Ring.order;
    words[base + Block.order] = words[order]!++;
    words[base + Block.seconds] = seconds;
    words[base + Block.nanoseconds] = nanoseconds;
    Atomics.store(words, this.#states + block, stateOf(Kind.writing, next));
    this.#block = block;
    this.#base = base;
    this.#generation = next & 0x1fff;
    this.#at = base + BLOCK_WORDS;
    this.#limit = base + this.#lastStart;
    this.#count = 0;
    this.#shown = 0;
    this.#isOpen = true;
  }

  /** Puts the open block before the consumers. */
  #show(): void {
    const slot = this.#base + (this.#generation & 1);
    this.#words[slot + Block.end] = (this.#at - this.#base) << 2;
    this.#words[slot + Block.count] = this.#count;
    Atomics.store(this.#words, this.#states + this.#block, stateOf(Kind.published, this.#generation));
    this.#isOpen = false;
    this.#batch += this.#count - this.#shown;
    this.#shown = this.#count;
  }

  /** To a byte of the tap. */
  #copy(bytes: Uint8Array, offset: number, length: number, target: number): void {
    if (bytes !== this.#source) this.#see(bytes);
    const tap = this.#memory.bytes;
    if (offset + length <= this.#sourceEnd) this.#loops.copy(this.#tapAt + target, this.#sourceAt + offset, length);
    else for (let i = 0; i < length; i++) tap[target + i] = bytes[offset + i]!;
  }

  #see(bytes: Uint8Array): void {
    this.#source = bytes;
    this.#sourceAt = bytes.byteOffset;
    // Views of one memory need not have the same buffer: it has another one each time it grows.
    const isHere = this.#arena.addressOf(bytes) === calls.addressOf(bytes);
    this.#sourceEnd = isHere ? bytes.length - STRIDE : -1;
  }
}

function countClassed({ classes }: Batch, from: number, to: number, bits: number): number {
  let count = 0;
  for (let i = from; i < to; i++) if ((classes[i]! & bits) !== 0) count++;
  return count;
}
