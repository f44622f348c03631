import { macTextOf } from '../wire/index.js';

/** Bytes of the head. */
const HEAD = 16;
/** Word of the head. */
const OVERFLOW = 0;
const SLOTS = 256;
/** Set in a key that is there: an empty slot is 0. */
const THERE = 1 << 20;
/** Two Float64 and three words, rounded up. */
const SLOT = 32;

/** What was counted of an EtherType at one VLAN level. */
export interface EtherTypeCount {
  /** How many VLAN tags stand before it: 0 to 4. */
  readonly level: number;
  /** 0 stands for all lengths of IEEE 802.3 frames (below 0x0600). */
  readonly etherType: number;
  readonly packets: number;
  readonly bytes: number;
  /** Who sent the last one: `02:00:00:00:00:01` */
  readonly lastSource: string;
}

/**
 * The EtherTypes that a queue has seen, at each level of VLAN tags: a bounded table in shared memory, with one writer. A
 * tagged packet counts once at each of its levels: 0x8100 at level 0, what the tag encloses at level 1.
 */
export class EtherTypeTable {
  readonly #head: Uint32Array;
  readonly #keys: Uint32Array;
  readonly #high: Uint32Array;
  readonly #low: Int32Array;
  readonly #packets: Float64Array;
  readonly #bytes: Float64Array;

  /** @param memory of {@link EtherTypeTable.memory}; a table may be there already */
  constructor(memory: SharedArrayBuffer) {
    this.#head = new Uint32Array(memory, 0, HEAD / 4);
    this.#packets = new Float64Array(memory, HEAD, SLOTS);
    this.#bytes = new Float64Array(memory, HEAD + 8 * SLOTS, SLOTS);
    this.#keys = new Uint32Array(memory, HEAD + 16 * SLOTS, SLOTS);
    this.#high = new Uint32Array(memory, HEAD + 20 * SLOTS, SLOTS);
    this.#low = new Int32Array(memory, HEAD + 24 * SLOTS, SLOTS);
  }

  static memory(): SharedArrayBuffer {
    return new SharedArrayBuffer(HEAD + SLOTS * SLOT);
  }

  /** Where an EtherType of a level has its counts, put there if it is new; -1 when the table is full. */
  find(level: number, etherType: number): number {
    const key = THERE | (level << 16) | (etherType < 0x0600 ? 0 : etherType);
    let slot = (key ^ (key >>> 8)) & (SLOTS - 1);
    for (let tries = 0; tries < SLOTS; tries++) {
      const found = this.#keys[slot]!;
      if (found === key) return slot;
      if (found === 0) {
        Atomics.store(this.#keys, slot, key);
        return slot;
      }
      slot = (slot + 1) & (SLOTS - 1);
    }
    return -1;
  }

  /** @param high and `low`: the source address of the last of these packets, as `MacTable` has it */
  add(slot: number, packets: number, bytes: number, high: number, low: number): void {
    if (slot < 0) {
      this.#head[OVERFLOW]! += packets;
      return;
    }
    this.#packets[slot]! += packets;
    this.#bytes[slot]! += bytes;
    this.#high[slot] = high;
    this.#low[slot] = low;
  }

  /** Packets whose EtherType found no place. Wraps at 2^32. */
  get overflow(): number {
    return this.#head[OVERFLOW]!;
  }

  read(): EtherTypeCount[] {
    const list: EtherTypeCount[] = [];
    for (let slot = 0; slot < SLOTS; slot++) {
      const key = Atomics.load(this.#keys, slot);
      if (key === 0) continue;
      list.push({
        level: (key >>> 16) & 15,
        etherType: key & 0xffff,
        packets: this.#packets[slot]!,
        bytes: this.#bytes[slot]!,
        lastSource: macTextOf(this.#high[slot]!, this.#low[slot]!),
      });
    }
    return list;
  }
}
