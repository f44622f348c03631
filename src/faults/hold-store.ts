import type { Batch } from '../xsk/index.js';

/** Words of an entry: as few as can be, since all that is held goes through the cache twice. */
const ENTRY = 6;

/**
 * What an entry says, by word behind its beginning. Its first word is the entry behind it in a list; `rest` has the length in
 * its lowest 13 bits, then two bits of options, then the egress, and is 0 in a free entry; `socket` is the number of the queue
 * that the packet came in by.
 */
export const Held = { tick: 1, address: 2, rest: 3, mark: 4, socket: 5 } as const;

/** No frame is longer than 4096 bytes; XDP_PKT_CONTD and XDP_TX_METADATA are all the options there are. */
export const LENGTH_BITS = 13;
export const OPTION_BITS = 2;
/** Stands for all higher ones: there are not so many ports, so that it is unknown as they are. */
const HIGHEST_EGRESS = 0xffff;

export const LENGTHS: number = (1 << LENGTH_BITS) - 1;
export const OPTIONS: number = (1 << OPTION_BITS) - 1;

/** No entry. */
export const NONE = -1;

/** A frame that a thread held when it died. */
export interface LeftFrame {
  readonly address: number;
  /** Bytes. */
  readonly length: number;
  readonly options: number;
  /** Number of the queue that its packet came in by. */
  readonly socket: number;
}

/**
 * Descriptors of the frames that a worker holds back, in one piece of shared memory. An entry is named by where it begins. What it
 * holds is told by the entries alone, so that the next thread finds it, wherever the one before was ended.
 */
export class HoldStore {
  readonly words: Int32Array;
  readonly capacity: number;
  /** What the thread before has left: its frames are the caller's now. */
  readonly left: readonly LeftFrame[];
  readonly #hasOptions: boolean;
  #used = 0;
  /** The free entries are a list. */
  #free: number;

  /** @param memory of {@link HoldStore.memoryFor}. @param hasOptions whether options words mean something */
  constructor(memory: SharedArrayBuffer, hasOptions: boolean) {
    this.#hasOptions = hasOptions;
    this.words = new Int32Array(memory);
    const capacity = this.words.length / ENTRY;
    this.capacity = capacity;
    const left: LeftFrame[] = [];
    for (let i = 0; i < capacity; i++) {
      const entry = i * ENTRY;
      const rest = this.words[entry + Held.rest]!;
      if (rest !== 0) {
        const address = this.words[entry + Held.address]! >>> 0;
        const options = (rest >>> LENGTH_BITS) & OPTIONS;
        left.push({ address, length: rest & LENGTHS, options, socket: this.words[entry + Held.socket]! });
      }
      this.words[entry + Held.rest] = 0;
      this.words[entry] = i + 1 < capacity ? entry + ENTRY : NONE;
    }
    this.left = left;
    this.#free = capacity > 0 ? 0 : NONE;
  }

  /** @param capacity frames */
  static memoryFor(capacity: number): SharedArrayBuffer {
    return new SharedArrayBuffer(capacity * ENTRY * Int32Array.BYTES_PER_ELEMENT);
  }

  /** Frames held. */
  get used(): number {
    return this.#used;
  }

  get room(): number {
    return this.capacity - this.#used;
  }

  /**
   * Describes frames of a batch in as many entries, for which there has to be {@link room}. The frames may stay in the batch
   * for a while: {@link left} of both are told apart by their addresses.
   *
   * @param socket number of the queue that they came in by. @param frames places in the batch. @param ticks and `marks` of the frames.
   * @param entries gets the entries. Each leads to the next
   */
  put(
    batch: Batch,
    socket: number,
    frames: Int32Array,
    ticks: Int32Array,
    marks: Int32Array,
    entries: Int32Array,
    count: number,
  ): void {
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
      words[entry + Held.mark] = marks[i]!;
      words[entry + Held.socket] = socket;
      words[entry + Held.rest] = lengths[frame]! | option | port;
      entries[i] = entry;
      entry = words[entry]!;
    }
    this.#free = entry;
    this.#used += count;
  }

  /** Gives back a list of `count` entries, from its first to its last. Somebody else has their frames by now. */
  give(first: number, last: number, count: number): void {
    const { words } = this;
    let entry = first;
    for (let i = 0; i < count; i++) {
      words[entry + Held.rest] = 0;
      entry = words[entry]!;
    }
    words[last] = this.#free;
    this.#free = first;
    this.#used -= count;
  }
}
