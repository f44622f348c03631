import { Held, type HoldStore, NONE } from './hold-store.js';

const SLOTS = 256;
const LEVELS = 4;
/** Words of 32 bits that say which slots of a level have entries. */
const BIT_WORDS = SLOTS / 32;

/**
 * Entries by the tick they are due at: four levels of 256 slots, as many as a tick has bytes. An entry waits in the slot of the
 * highest byte that its tick and the present one differ in, and moves down as the time comes; so each costs the same,
 * however many wait. Those due at the same tick come out in the order they were put in; none comes out early.
 *
 * A tick is a whole number; 32 bits of it are looked at, so that what is put in has to be due within 2^31 ticks.
 */
export class TimerWheel {
  readonly #words: Int32Array;
  readonly #heads: Int32Array = new Int32Array(LEVELS * SLOTS).fill(NONE);
  readonly #tails: Int32Array = new Int32Array(LEVELS * SLOTS);
  readonly #bits: Int32Array = new Int32Array(LEVELS * BIT_WORDS);
  #now = 0;
  /** Slots that have entries. */
  #filled = 0;
  #readyHead: number = NONE;
  #readyTail: number = NONE;

  constructor(store: HoldStore) {
    this.#words = store.words;
  }

  get isEmpty(): boolean {
    return this.#filled === 0 && this.#readyHead === NONE;
  }

  /** The present tick, its lower 32 bits: what is put in for it is ready at once. */
  get present(): number {
    return this.#now | 0;
  }

  /** The first entry that is due; NONE when there is none. Its first word is the next one. */
  get ready(): number {
    return this.#readyHead;
  }

  /** Says that what is ready before an entry was taken. */
  set ready(entry: number) {
    this.#readyHead = entry;
  }

  /**
   * Puts entries in that lead to each other. What is due already is ready.
   *
   * @param ticks that they are due at, their lower 32 bits, as stands in the entries
   */
  put(entries: Int32Array, ticks: Int32Array, count: number): void {
    const now = this.#now | 0;
    for (let i = 0; i < count; ) {
      const due = ticks[i]!;
      const first = entries[i++]!;
      // Those of a fixed delay go as one.
      while (i < count && ticks[i] === due) i++;
      this.#place(first, entries[i - 1]!, due, now);
    }
  }

  /** Goes on to a tick. All entries due by then are ready. */
  advance(tick: number): void {
    if (tick <= this.#now) return;
    const target = tick | 0;
    let now = this.#now | 0;
    this.#now = tick;
    while (this.#filled > 0 && now !== target) {
      const slot = this.#search(0, (now & 255) + 1);
      const next = slot < SLOTS ? (now & ~255) | slot : ((now | 255) + 1) | 0;
      if (((next - target) | 0) > 0) return;
      now = next;
      if (slot < SLOTS) this.#release(slot);
      else this.#descend(now);
    }
  }

  /** All entries are ready, in the order of their ticks. */
  advanceToEnd(): void {
    while (this.#filled > 0) this.advance(this.#nextChange());
  }

  /** No entry is due before this tick; Infinity when there is none at all. */
  next(): number {
    if (this.#readyHead !== NONE) return this.#now;
    return this.#filled === 0 ? Number.POSITIVE_INFINITY : this.#nextChange();
  }

  /** When the next slot's time comes, while entries wait. */
  #nextChange(): number {
    const now = this.#now | 0;
    for (let level = 0; level < LEVELS; level++) {
      const shift = level * 8;
      const digit = (now >>> shift) & 255;
      let slot = this.#search(level, digit + 1);
      // Only the highest byte starts again at 0.
      if (slot === SLOTS && level === LEVELS - 1) slot = SLOTS + this.#search(level, 0);
      if (slot >= SLOTS && level < LEVELS - 1) continue;
      const below = now & ((1 << shift) - 1);
      return this.#now + (slot - digit) * 2 ** shift - below;
    }
    return this.#now;
  }

  /** Puts a list of entries, `first` to `last`, into the slot of their tick. */
  #place(first: number, last: number, due: number, now: number): void {
    const words = this.#words;
    words[last] = NONE;
    if (((due - now) | 0) <= 0) {
      if (this.#readyHead === NONE) this.#readyHead = first;
      else words[this.#readyTail] = first;
      this.#readyTail = last;
      return;
    }
    const differs = due ^ now;
    const level = differs >>> 8 === 0 ? 0 : differs >>> 16 === 0 ? 1 : differs >>> 24 === 0 ? 2 : 3;
    const slot = (level << 8) | ((due >>> (level << 3)) & 255);
    if (this.#heads[slot] === NONE) {
      this.#heads[slot] = first;
      this.#filled++;
      this.#bits[slot >> 5]! |= 1 << (slot & 31);
    } else words[this.#tails[slot]!] = first;
    this.#tails[slot] = last;
  }

  /** Takes a slot's list out. @returns its first entry */
  #empty(slot: number): number {
    const head = this.#heads[slot]!;
    this.#heads[slot] = NONE;
    this.#filled--;
    this.#bits[slot >> 5]! &= ~(1 << (slot & 31));
    return head;
  }

  /** What waits in a slot of the lowest level is ready. */
  #release(slot: number): void {
    const tail = this.#tails[slot]!;
    const head = this.#empty(slot);
    if (this.#readyHead === NONE) this.#readyHead = head;
    else this.#words[this.#readyTail] = head;
    this.#readyTail = tail;
  }

  /** At the first tick of a block: what was to happen in it moves down, from the highest level on. */
  #descend(now: number): void {
    const words = this.#words;
    let level = 1;
    while (level < LEVELS - 1 && ((now >>> (level * 8)) & 255) === 0) level++;
    for (; level > 0; level--) {
      const slot = level * SLOTS + ((now >>> (level * 8)) & 255);
      if (this.#heads[slot] === NONE) continue;
      for (let first = this.#empty(slot); first !== NONE; ) {
        const due = words[first + Held.tick]!;
        let last = first;
        let next = words[last]!;
        while (next !== NONE && words[next + Held.tick] === due) {
          last = next;
          next = words[last]!;
        }
        this.#place(first, last, due, now);
        first = next;
      }
    }
  }

  /** The first slot from `from` on that has entries; SLOTS when there is none. */
  #search(level: number, from: number): number {
    if (from >= SLOTS) return SLOTS;
    const first = level * BIT_WORDS;
    let word = from >> 5;
    let bits = this.#bits[first + word]! & (-1 << (from & 31));
    while (bits === 0) {
      if (++word === BIT_WORDS) return SLOTS;
      bits = this.#bits[first + word]!;
    }
    return (word << 5) + 31 - Math.clz32(bits & -bits);
  }
}
