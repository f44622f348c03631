import { type Mapping, pidNamespace, XdpError } from '../sys/index.js';
import { buryDead, checkOwner, freeRow, takeRow } from './consumer-table.js';
import { BLOCK_BYTES, Block, Header, RECORD_BYTES, Record, Row } from './layout.js';
import { generationOf, holderOf, Kind, kindOf, stateOf } from './state.js';
import { openTapFile } from './tap-file.js';
import { damaged, TapMemory } from './tap-memory.js';
import { TAP_NAME, type TapNames } from './tap-options.js';
import type { TapDirection } from './tap-producer.js';
import { blankRecord, type TapRecord } from './tap-record.js';
import { statusOf, type TapStatus } from './tap-status.js';

/** Milliseconds between two looks at who has died. */
const LOOK = 25;
/** A claim may be lost to another consumer so many times in a row; then there is nothing for now. */
const TRIES = 64;

/**
 * A consumer of a tap. Several share its packets, each packet going to one of them: a reader claims a block of packets, goes
 * through it, and releases it. One that dies in between leaves its block to the others' count of what was in dead hands.
 * Nothing in the memory is believed: damage is an error, never a crash.
 *
 * ```ts
 * using tap = TapReader.open();
 * while (!tap.isOver) {
 *   while (tap.claim()) {
 *     while (tap.next()) use(tap.record);
 *     tap.release();
 *   }
 *   await setTimeout(5);
 * }
 * ```
 */
export class TapReader implements Disposable {
  readonly name: string;
  readonly names: TapNames;
  /** The packet that {@link next} stands at. */
  readonly record: Readonly<TapRecord>;
  readonly #record: TapRecord;
  readonly #mapping: Mapping;
  readonly #memory: TapMemory;
  readonly #row: number;
  readonly #owner: number;
  readonly #holder: number;
  #isClosed = false;
  #looked = Number.NEGATIVE_INFINITY;
  #ownerLives = true;
  /** The claimed block: its state's place and value (0: none), where its next record and its end are, in bytes. */
  #state = 0;
  #stateAt = 0;
  #at = 0;
  #end = 0;
  /** Records of it: all, and those still to come; and bytes seen of them. */
  #count = 0;
  #rest = 0;
  #seen = 0;

  /** For {@link TapReader.open}, and for memory that is no file. */
  constructor(name: string, mapping: Mapping) {
    this.name = name;
    this.#mapping = mapping;
    this.#memory = TapMemory.of(new Uint8Array(mapping.buffer));
    const { low, high } = pidNamespace();
    const { words } = this.#memory;
    if (words[Header.pidNamespace] !== low || words[Header.pidNamespace + 1] !== high) {
      throw new XdpError('XDP_ERR_TAP', `the tap ${name} was made in another PID namespace`, {
        advice: 'collect in the container that the tap was made in: who has died can be told only there',
      });
    }
    this.names = this.#memory.readNames();
    this.#record = blankRecord(this.#memory.bytes);
    this.record = this.#record;
    const { row, owner } = takeRow(this.#memory);
    this.#row = row;
    this.#owner = owner;
    this.#holder = holderOf(row, owner);
  }

  /**
   * Joins the readers of a tap.
   *
   * @throws XDP_ERR_NO_TAP when there is none of this name, XDP_ERR_PERMISSION when it belongs to another user, XDP_ERR_TAP
   *   when it is damaged, of another version, made in another PID namespace, or has 64 readers already
   */
  static open(name: string = TAP_NAME): TapReader {
    const mapping = openTapFile(name);
    try {
      return new TapReader(name, mapping);
    } catch (error) {
      mapping.close();
      throw error;
    }
  }

  /**
   * Claims the oldest block of packets; a block that is still claimed is released before. Now and then it looks for readers
   * that have died.
   *
   * @returns false when there is none for now
   * @throws XDP_ERR_TAP, XDP_ERR_CLOSED
   */
  claim(): boolean {
    this.#checkOpen();
    this.release();
    this.#look();
    const { words } = this.#memory;
    for (let tries = 0; tries < TRIES; tries++) {
      const found = this.#oldest();
      if (found === undefined) return false;
      const { ring, block } = found;
      const at = this.#memory.states(ring) + block;
      const published = Atomics.load(words, at);
      if (kindOf(published) !== Kind.published) continue;
      const generation = generationOf(published);
      const claimed = stateOf(Kind.claimed, generation, this.#holder);
      if (Atomics.compareExchange(words, at, published, claimed) !== published) continue;
      this.#state = claimed;
      this.#stateAt = at;
      this.#enter(this.#memory.block(ring, block), generation);
      return true;
    }
    return false;
  }

  /** Goes on to the next packet of the claimed block. @returns false at its end @throws XDP_ERR_TAP */
  next(): boolean {
    if (this.#rest === 0) return false;
    const { words, geometry } = this.#memory;
    const record = this.#record;
    const at = this.#at >> 2;
    const room = this.#end - this.#at - RECORD_BYTES;
    const captured = room < 0 ? -1 : words[at + Record.captured]!;
    if (captured < 0 || captured > room || captured > geometry.snapLength) {
      throw this.#giveUp(`a record of ${captured} bytes, where ${Math.max(room, 0)} are left`);
    }
    const place = words[at + Record.place]!;
    const nanoseconds = words[at + Record.nanoseconds]! >>> 0;
    const direction = (place >>> 16) & 255;
    if (nanoseconds > 999_999_999) throw this.#giveUp(`a time with ${nanoseconds} nanoseconds`);
    if (direction > 2) throw this.#giveUp(`a packet with direction ${direction}`);
    if ((place & 0xffff) >= this.names.interfaces.length) {
      throw this.#giveUp(`a packet of interface ${place & 0xffff}, which has no name`);
    }
    record.offset = this.#at + RECORD_BYTES;
    record.length = captured;
    record.originalLength = Math.max(words[at + Record.length]! >>> 0, captured);
    record.seconds = words[at + Record.seconds]! >>> 0;
    record.nanoseconds = nanoseconds;
    record.interface = place & 0xffff;
    record.direction = direction as TapDirection;
    record.drop = place >>> 24;
    record.faults = words[at + Record.faults]! >>> 0;
    record.argument = words[at + Record.argument]! >>> 0;
    record.lostBefore = words[at + Record.lostBefore]! >>> 0;
    this.#at += RECORD_BYTES + ((captured + 3) & ~3);
    this.#seen += captured;
    this.#rest--;
    return true;
  }

  /** Gives the claimed block back: its packets are collected. Without one it does nothing. @throws XDP_ERR_TAP */
  release(): void {
    if (this.#state === 0) return;
    const [count, seen] = [this.#count, this.#seen];
    this.#leave(Kind.collected);
    const { floats } = this.#memory;
    const row = this.#memory.row(this.#row);
    floats[(row + Row.records) >> 1]! += count;
    floats[(row + Row.bytes) >> 1]! += seen;
  }

  /** Whether the tap was closed, or its process has died, and no packet is left. */
  get isOver(): boolean {
    this.#checkOpen();
    if (this.#state !== 0) return false;
    this.#look();
    return (this.#memory.isClosed || !this.#ownerLives) && this.#oldest() === undefined;
  }

  /** Looks now for readers that have died. @returns how many packets were found in their hands */
  recover(): number {
    this.#checkOpen();
    return buryDead(this.#memory);
  }

  status(): TapStatus {
    this.#checkOpen();
    return statusOf(this.name, this.#memory);
  }

  /** Leaves the tap. A block that is still claimed goes to the others. Idempotent. */
  close(): void {
    if (this.#isClosed) return;
    try {
      this.#leave(Kind.published);
    } catch {
      // Damage is told where packets are read.
    }
    this.#isClosed = true;
    freeRow(this.#memory, this.#row, this.#owner);
    this.#mapping.close();
  }

  [Symbol.dispose](): void {
    this.close();
  }

  #checkOpen(): void {
    if (this.#isClosed) throw new XdpError('XDP_ERR_CLOSED', 'the tap reader is closed');
  }

  #look(): void {
    const now = performance.now();
    if (now - this.#looked < LOOK) return;
    this.#looked = now;
    buryDead(this.#memory);
    this.#ownerLives = checkOwner(this.#memory);
  }

  /** Of each ring the block that was begun first; of these the one whose first packet came first. */
  #oldest(): { ring: number; block: number } | undefined {
    const { words, geometry } = this.#memory;
    let oldest: { ring: number; block: number } | undefined;
    let oldestTime = 0;
    for (let ring = 0; ring < geometry.rings; ring++) {
      const states = this.#memory.states(ring);
      let first = -1;
      let firstOrder = 0;
      for (let block = 0; block < geometry.blocks; block++) {
        if (kindOf(words[states + block]!) !== Kind.published) continue;
        const order = words[this.#memory.block(ring, block) + Block.order]!;
        if (first >= 0 && ((order - firstOrder) | 0) > 0) continue;
        first = block;
        firstOrder = order;
      }
      if (first < 0) continue;
      const base = this.#memory.block(ring, first);
      const time = (words[base + Block.seconds]! >>> 0) + (words[base + Block.nanoseconds]! >>> 0) / 1e9;
      if (oldest !== undefined && time >= oldestTime) continue;
      oldest = { ring, block: first };
      oldestTime = time;
    }
    return oldest;
  }

  #enter(base: number, generation: number): void {
    const { words, geometry } = this.#memory;
    const end = words[base + Block.end + (generation & 1)]!;
    const count = words[base + Block.count + (generation & 1)]!;
    this.#at = (base << 2) + BLOCK_BYTES;
    this.#end = (base << 2) + end;
    this.#count = count;
    this.#rest = count;
    this.#seen = 0;
    if (end < BLOCK_BYTES || end > geometry.blockBytes) throw this.#giveUp(`a block that ends at byte ${end}`);
    if (count < 0 || count > end / RECORD_BYTES) throw this.#giveUp(`a block of ${count} records in ${end} bytes`);
  }

  /** The claimed block can't be read: the packets in it count as abandoned, and the next claim goes on behind it. */
  #giveUp(what: string): XdpError {
    this.#leave(Kind.abandoned);
    return damaged(what);
  }

  #leave(kind: number): void {
    if (this.#state === 0) return;
    const state = this.#state;
    this.#state = 0;
    this.#rest = 0;
    const next = stateOf(kind, generationOf(state));
    if (Atomics.compareExchange(this.#memory.words, this.#stateAt, state, next) === state) return;
    throw damaged('a block changed hands while it was claimed');
  }
}
