import { macTextOf } from '../wire/index.js';

/** Bytes of the table's head, and of a slot behind it: half a cache line for all that is told of an address. */
const HEAD = 32;
const SLOT = 32;
/** Words of the head. */
const USED = 0;
const OVERFLOW = 1;
/** A slot's words: the address, upper and lower half. In front of them, its numbers. */
const HIGH = 6;
const LOW = 7;
const SLOT_WORDS = SLOT / 4;
const PACKETS = 0;
const BYTES = 1;
const SEEN = 2;
const SLOT_NUMBERS = SLOT / 8;
/** Set in the upper half of an address that is there: an empty slot is 0. */
const THERE = 0x10000;
/** The golden ratio in 32 bits: multiplicative hashing (Knuth, The Art of Computer Programming 3, 6.4). */
const GOLDEN = 0x9e3779b1;

/** What was counted of a source address. */
export interface MacCount {
  /** `02:00:00:00:00:01` */
  readonly mac: string;
  readonly packets: number;
  readonly bytes: number;
  /** Milliseconds since the epoch. */
  readonly lastSeen: number;
}

/**
 * The source MAC addresses that a queue has seen, with packets, bytes and the time of the last one: an open-addressing hash
 * table in shared memory, with one writer. It is bounded, so that invented addresses can't fill the memory: packets of those
 * that find no place are counted together. Readers may see a packet counted whose bytes are not yet.
 *
 * An address is two numbers, as a little-endian processor reads them: its first two bytes, and its last four, signed.
 */
export class MacTable {
  readonly #slots: number;
  readonly #shift: number;
  readonly #head: Uint32Array;
  /** The slots, by words and by numbers. */
  readonly #words: Int32Array;
  readonly #numbers: Float64Array;

  /** @param memory of {@link MacTable.memoryFor}; a table may be there already */
  constructor(memory: SharedArrayBuffer) {
    const slots = (memory.byteLength - HEAD) / SLOT;
    this.#slots = slots;
    this.#shift = 32 - Math.log2(slots);
    this.#head = new Uint32Array(memory, 0, HEAD / 4);
    this.#words = new Int32Array(memory, HEAD, slots * SLOT_WORDS);
    this.#numbers = new Float64Array(memory, HEAD, slots * SLOT_NUMBERS);
  }

  /** @param slots a power of two; three quarters of them hold addresses */
  static memoryFor(slots: number): SharedArrayBuffer {
    return new SharedArrayBuffer(HEAD + slots * SLOT);
  }

  /** Where an address has its counts, put there if it is new; -1 when the table is full. */
  find(high: number, low: number): number {
    const words = this.#words;
    const key = high | THERE;
    const last = this.#slots - 1;
    let slot = Math.imul(low ^ (high << 16), GOLDEN) >>> this.#shift;
    for (;;) {
      const found = words[slot * SLOT_WORDS + HIGH]!;
      if (found === key && words[slot * SLOT_WORDS + LOW] === low) return slot;
      if (found === 0) return this.#insert(slot, key, low);
      slot = (slot + 1) & last;
    }
  }

  /** @param slot of {@link find}; -1 counts what found no place */
  add(slot: number, packets: number, bytes: number, now: number): void {
    if (slot < 0) {
      this.#head[OVERFLOW]! += packets;
      return;
    }
    const numbers = this.#numbers;
    const at = slot * SLOT_NUMBERS;
    numbers[at + PACKETS]! += packets;
    numbers[at + BYTES]! += bytes;
    numbers[at + SEEN] = now;
  }

  /** Packets whose address found no place. Wraps at 2^32. */
  get overflow(): number {
    return this.#head[OVERFLOW]!;
  }

  /** All addresses, in no order. */
  read(): MacCount[] {
    const list: MacCount[] = [];
    for (let slot = 0; slot < this.#slots; slot++) {
      const high = Atomics.load(this.#words, slot * SLOT_WORDS + HIGH);
      if (high === 0) continue;
      const at = slot * SLOT_NUMBERS;
      list.push({
        mac: macTextOf(high & 0xffff, this.#words[slot * SLOT_WORDS + LOW]!),
        packets: this.#numbers[at + PACKETS]!,
        bytes: this.#numbers[at + BYTES]!,
        lastSeen: this.#numbers[at + SEEN]!,
      });
    }
    return list;
  }

  #insert(slot: number, key: number, low: number): number {
    if (this.#head[USED]! >= this.#slots * 0.75) return -1;
    this.#head[USED]!++;
    this.#words[slot * SLOT_WORDS + LOW] = low;
    // Last: a reader that sees it finds the rest.
    Atomics.store(this.#words, slot * SLOT_WORDS + HIGH, key);
    return slot;
  }
}
