import { type Arena, WasmCode } from '../sys/index.js';
import { MacSet } from './mac-set.js';

/** What src/control/wasm/mac-filter.ts exports. */
interface FilterLoops {
  search(
    addresses: number,
    from: number,
    to: number,
    frames: number,
    filter: number,
    table: number,
    list: number,
  ): number;
}

const code = new WasmCode<FilterLoops>(new URL('./wasm/mac-filter.wasm', import.meta.url));

/** What is searched, all of it in the arena. */
interface Packets {
  /** Offsets into `bytes`. */
  readonly addresses: Uint32Array;
  readonly bytes: Uint8Array;
  /** Room for a word for each packet. */
  readonly scratch: Uint32Array;
}

/**
 * Looks for the packets of a batch whose destination or source is in a set, for one thread: in a copy of the set beside the packets,
 * which it renews when the set has changed.
 */
export class MacFilter {
  readonly #set: MacSet;
  readonly #copy: Uint8Array;
  readonly #loops: FilterLoops;
  #version: number | undefined;

  /** @param arena that the packets are in */
  constructor(set: MacSet, arena: Arena) {
    this.#set = set;
    this.#copy = arena.allocate(MacSet.BYTES);
    this.#loops = code.over(arena.memory);
  }

  /** Lists, in `scratch` and in order, which of the packets `from` up to `to` are to or from a member. @returns how many */
  search({ addresses, bytes, scratch }: Packets, from: number, to: number): number {
    if (this.#set.hasChanged(this.#version)) this.#renew();
    const at = this.#copy.byteOffset;
    const filter = at + MacSet.FILTER_AT;
    const table = at + MacSet.TABLE_AT;
    return this.#loops.search(addresses.byteOffset, from, to, bytes.byteOffset, filter, table, scratch.byteOffset);
  }

  /** What is added while it copies is a change of its own. */
  #renew(): void {
    this.#version = this.#set.version;
    this.#copy.set(new Uint8Array(this.#set.shared));
  }
}
