import type { Batch } from '../xsk/index.js';

/** Words of an entry: as few as can be, since all that is held goes through the cache twice. */
const ENTRY = 4;

/**
 * What an entry says, by word behind its beginning. Its first word is the entry behind it in a list; the last one has the length in
 * its lowest 13 bits, then two bits of options, then the egress.
 */
export const Held = { tick: 1, address: 2, rest: 3 } as const;

/** No frame is longer than 4096 bytes; XDP_PKT_CONTD and XDP_TX_METADATA are all the options there are. */
export const LENGTH_BITS = 13;
export const OPTION_BITS = 2;
/** Stands for all higher ones: there are not so many ports, so that it is unknown as they are. */
const HIGHEST_EGRESS = 0xffff;

/** No entry. */
export const NONE = -1;

/** Descriptors of the frames that a worker holds back, in one piece of memory. An entry is named by where it begins. */
export class HoldStore {
  readonly words: Int32Array;
  readonly capacity: number;
  readonly #hasOptions: boolean;
  #used = 0;
  /** The free entries are a list. */
  #free: number;

  /** @param capacity frames. @param hasOptions whether options words mean something */
  constructor(capacity: number, hasOptions: boolean) {
    this.#hasOptions = hasOptions;
    this.capacity = capacity;
    this.words = new Int32Array(capacity * ENTRY);
    for (let i = 0; i < capacity; i++) this.words[i * ENTRY] = i + 1 < capacity ? (i + 1) * ENTRY : NONE;
    this.#free = capacity > 0 ? 0 : NONE;
  }

  /** Frames held. */
  get used(): number {
    return this.#used;
  }

  get room(): number {
    return this.capacity - this.#used;
  }

  /**
   * Describes frames of a batch in as many entries, for which there has to be {@link room}.
   *
   * @param frames places in the batch. @param ticks of the frames. @param entries gets the entries. Each leads to the next
   */
  put(batch: Batch, frames: Int32Array, ticks: Int32Array, entries: Int32Array, count: number): void {
    const { words } = this;
    const { addresses, lengths, options, egress } = batch;
    const hasOptions = this.#hasOptions;
    let entry = this.#free;
    for (let i = 0; i < count; i++) {
      const frame = frames[i]!;
      const option = hasOptions ? options[frame]! << LENGTH_BITS : 0;
      const port = Math.min(egress[frame]!, HIGHEST_EGRESS) << (LENGTH_BITS + OPTION_BITS);
      words[entry + Held.tick] = ticks[i]!;
      words[entry + Held.address] = addresses[frame]!;
      words[entry + Held.rest] = lengths[frame]! | option | port;
      entries[i] = entry;
      entry = words[entry]!;
    }
    this.#free = entry;
    this.#used += count;
  }

  /** Gives back a list of `count` entries, from its first to its last. */
  give(first: number, last: number, count: number): void {
    this.words[last] = this.#free;
    this.#free = first;
    this.#used -= count;
  }
}
