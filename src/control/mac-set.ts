import { XdpError } from '../sys/index.js';
import { macTextOf, parseMac } from '../wire/index.js';

/** Addresses that a set holds at most. */
const MOST = 1024;
/** Places in the table: twice as many, so that a search is short. */
const PLACES = 2 * MOST;
const MASK = PLACES - 1;
/** In the word with an address's upper 16 bits: there is one. */
const USED = 0x1_0000;
/** Bytes of the filter: eight for each address of a full set. */
const FILTER_SHIFT = 19;
const FILTER = 1 << (32 - FILTER_SHIFT);
/** 2^32 divided by the golden ratio. */
const GOLDEN = 0x9e37_79b9;
/** Bytes in front of the table: how many addresses there are, and how often they have changed. */
const HEAD = 8;

/**
 * Up to 1,024 Ethernet addresses in shared memory: one thread inserts them, any number look them up, and nobody waits. An
 * address is there for the others from one moment to the next; while a set is being emptied, they may still find some. Packets
 * are looked up by {@link MacClasses}.
 *
 * It is a hash table with linear search. An address is two words, as a little-endian processor reads them: its first two bytes,
 * and its last four.
 */
export class MacSet {
  /** Of the shared memory. */
  static readonly BYTES: number = HEAD + PLACES * 8 + FILTER;
  /** Where in it the table and the filter begin. */
  static readonly TABLE_AT: number = HEAD;
  static readonly FILTER_AT: number = HEAD + PLACES * 8;
  static readonly MOST: number = MOST;

  readonly shared: SharedArrayBuffer;
  readonly #count: Int32Array;
  readonly #version: Int32Array;
  readonly #words: Int32Array;
  /** Whether any address of the set has this hash of its last four bytes: nearly all packets that are not of the set are told by it alone. */
  readonly #filter: Uint8Array;

  /** @param shared the memory of a set made in another thread. Without it, a new set is empty */
  constructor(shared?: SharedArrayBuffer) {
    this.shared = shared ?? new SharedArrayBuffer(MacSet.BYTES);
    this.#count = new Int32Array(this.shared, 0, 1);
    this.#version = new Int32Array(this.shared, 4, 1);
    this.#words = new Int32Array(this.shared, MacSet.TABLE_AT, PLACES * 2);
    this.#filter = new Uint8Array(this.shared, MacSet.FILTER_AT, FILTER);
  }

  /** How many addresses it has. */
  get size(): number {
    return Atomics.load(this.#count, 0);
  }

  /**
   * For the one thread that writes.
   *
   * @param mac with colons or dashes
   * @returns whether it is new
   * @throws XDP_ERR_USAGE for what is no address, or when the set is full
   */
  insert(mac: string): boolean {
    const bytes = parseMac(mac);
    const high = upper(bytes);
    const low = lower(bytes);
    const place = this.#find(high, low);
    if (this.#words[place] !== 0) return false;
    if (this.size === MOST) throw new XdpError('XDP_ERR_USAGE', `a set has room for ${MOST} addresses`);
    this.#words[place + 1] = low;
    this.#filter[filterPlace(low)] = 1;
    // The word that says that the place is used comes last.
    Atomics.store(this.#words, place, high);
    Atomics.add(this.#count, 0, 1);
    Atomics.add(this.#version, 0, 1);
    return true;
  }

  /** Takes all addresses out. For the one thread that writes. */
  reset(): void {
    Atomics.store(this.#count, 0, 0);
    for (let place = 0; place < this.#words.length; place += 2) Atomics.store(this.#words, place, 0);
    this.#filter.fill(0);
    Atomics.add(this.#version, 0, 1);
  }

  /** For every batch: a plain read, which takes a tenth of an atomic one's time, and tells of a change a moment late. */
  get isEmpty(): boolean {
    return this.#count[0] === 0;
  }

  /** Another number after each change. */
  get version(): number {
    return Atomics.load(this.#version, 0);
  }

  /** Whether the version is another one: as {@link isEmpty}. Only {@link version} promises that what was changed is seen. */
  hasChanged(since: number | undefined): boolean {
    return this.#version[0] !== since;
  }

  /** Lower case with colons, in order. */
  list(): string[] {
    const list: string[] = [];
    for (let place = 0; place < this.#words.length; place += 2) {
      const high = this.#words[place]!;
      if (high !== 0) list.push(macTextOf(high, this.#words[place + 1]!));
    }
    return list.sort();
  }

  /** @param mac with colons or dashes. @throws XDP_ERR_USAGE */
  has(mac: string): boolean {
    const bytes = parseMac(mac);
    return this.#words[this.#find(upper(bytes), lower(bytes))] !== 0;
  }

  /** Where an address is, or would be. The table is never more than half full, so that the search ends. */
  #find(high: number, low: number): number {
    const words = this.#words;
    let place = (Math.imul(low ^ Math.imul(high, GOLDEN), GOLDEN) >>> 20) & (MASK << 1);
    for (;;) {
      const found = words[place]!;
      if (found === 0 || (found === high && words[place + 1] === low)) return place;
      place = (place + 2) & ((MASK << 1) | 1);
    }
  }
}

function upper(bytes: Uint8Array): number {
  return bytes[0]! | (bytes[1]! << 8) | USED;
}

/** As a signed number, as the table has it. */
function lower(bytes: Uint8Array): number {
  return bytes[2]! | (bytes[3]! << 8) | (bytes[4]! << 16) | (bytes[5]! << 24);
}

function filterPlace(low: number): number {
  return Math.imul(low, GOLDEN) >>> FILTER_SHIFT;
}
