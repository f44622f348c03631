import { type Arena, WasmCode } from '../sys/index.js';
import { FILTER_BYTES, type MacSet } from './mac-set.js';

/** What src/control/wasm/mac-filter.ts exports. */
interface FilterLoops {
  search(addresses: number, from: number, to: number, frames: number, filter: number, list: number): number;
}

const code = new WasmCode<FilterLoops>(new URL('./wasm/mac-filter.wasm', import.meta.url));

/** What is searched, all of it in the arena. */
interface Packets {
  /** Offsets into `bytes`. */
  readonly addresses: Uint32Array;
  readonly bytes: Uint8Array;
  /** The same memory as `bytes`, and from the same address on. */
  readonly words: Int32Array;
  /** Room for a word for each packet. */
  readonly scratch: Uint32Array;
}

/**
 * Looks for the packets of a batch whose destination or source is in a set, for one thread: with the set's filter, of which it keeps
 * a copy beside the packets, and by the set itself for the few that the filter lets through.
 */
export class MacFilter {
  readonly #set: MacSet;
  readonly #filter: Uint8Array;
  readonly #loops: FilterLoops;
  #version: number | undefined;

  /** @param arena that the packets are in */
  constructor(set: MacSet, arena: Arena) {
    this.#set = set;
    this.#filter = arena.allocate(FILTER_BYTES);
    this.#loops = code.over(arena.memory);
  }

  /** Lists, in `scratch` and in order, which of the packets `from` up to `to` are to or from a member. @returns how many */
  search({ addresses, bytes, words, scratch: list }: Packets, from: number, to: number): number {
    const set = this.#set;
    const { version } = set;
    if (version !== this.#version) {
      set.copyFilter(this.#filter);
      this.#version = version;
    }
    const filter = this.#filter.byteOffset;
    const likely = this.#loops.search(addresses.byteOffset, from, to, bytes.byteOffset, filter, list.byteOffset);
    let found = 0;
    for (let n = 0; n < likely; n++) {
      const i = list[n]!;
      list[found] = i;
      if (set.hasEither(bytes, words, addresses[i]!)) found++;
    }
    return found;
  }
}
