import { macTextOf } from '../wire/index.js';

/** Bytes of the table's head: three words, and what makes the numbers behind it begin at a multiple of eight. */
const HEAD = 16;
/** Words of the head. */
const USED = 0;
const OVERFLOW = 1;
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
  readonly #high: Uint32Array;
  readonly #low: Int32Array;
  readonly #packets: Float64Array;
  readonly #bytes: Float64Array;
  readonly #seen: Float64Array;

  /** @param memory of {@link MacTable.memoryFor}; a table may be there already */
  constructor(memory: SharedArrayBuffer) {
    const slots = (memory.byteLength - HEAD) / SLOT;
    this.#slots = slots;
    this.#shift = 32 - Math.log2(slots);
    this.#head = new Uint32Array(memory, 0, HEAD / 4);
    const numbers = (place: number) => new Float64Array(memory, HEAD + place * 8 * slots, slots);
    this.#packets = numbers(0);
    this.#bytes = numbers(1);
    this.#seen = numbers(2);
    this.#high = new Uint32Array(memory, HEAD + 24 * slots, slots);
    this.#low = new Int32Array(memory, HEAD + 28 * slots, slots);
  }

  /** @param slots a power of two; three quarters of them hold addresses */
  static memoryFor(slots: number): SharedArrayBuffer {
    return new SharedArrayBuffer(HEAD + slots * SLOT);
  }

  /** Where an address has its counts, put there if it is new; -1 when the table is full. */
  find(high: number, low: number): number {
    const key = high | THERE;
    const last = this.#slots - 1;
    let slot = Math.imul(low ^ (high << 16), GOLDEN) >>> this.#shift;
    for (;;) {
      const found = this.#high[slot]!;
      if (found === key && this.#low[slot] === low) return slot;
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
    this.#packets[slot]! += packets;
    this.#bytes[slot]! += bytes;
    this.#seen[slot] = now;
  }

  /** Packets whose address found no place. Wraps at 2^32. */
  get overflow(): number {
    return this.#head[OVERFLOW]!;
  }

  /** All addresses, in no order. */
  read(): MacCount[] {
    const list: MacCount[] = [];
    for (let slot = 0; slot < this.#slots; slot++) {
      const high = Atomics.load(this.#high, slot);
      if (high === 0) continue;
      const [packets, bytes, lastSeen] = [this.#packets[slot]!, this.#bytes[slot]!, this.#seen[slot]!];
      list.push({ mac: macTextOf(high & 0xffff, this.#low[slot]!), packets, bytes, lastSeen });
    }
    return list;
  }

  #insert(slot: number, key: number, low: number): number {
    if (this.#head[USED]! >= this.#slots * 0.75) return -1;
    this.#head[USED]!++;
    this.#low[slot] = low;
    // Last: a reader that sees it finds the rest.
    Atomics.store(this.#high, slot, key);
    return slot;
  }
}

/** Bytes of a slot: three Float64 and two words. */
const SLOT = 32;
