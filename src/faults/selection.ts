import type { MacClasses, MacSet } from '../control/index.js';
import { WasmCode } from '../sys/index.js';
import type { Batch, Umem } from '../xsk/index.js';

/** What src/faults/wasm/selection.ts exports. */
interface SelectionLoops {
  listKept(egress: number, count: number, list: number): number;
}

const code = new WasmCode<SelectionLoops>(new URL('./wasm/selection.wasm', import.meta.url));

/** The packets of a batch that faults are tried on, by the frames they begin in. */
export class Selection {
  /** In the batch's scratch: for as long as faults are at it. */
  firsts: Uint32Array = new Uint32Array(0);
  readonly #fragments: boolean;
  readonly #classes: MacClasses;
  readonly #sources: MacSet;
  readonly #destinations: MacSet;
  readonly #from: number;
  readonly #to: number;
  readonly #loops: SelectionLoops;

  /** @param classes of both sets: those that a packet's source and its destination have to be in; one that is empty has all */
  constructor(
    { fragments, arena }: Pick<Umem, 'fragments' | 'arena'>,
    classes: MacClasses,
    sources: MacSet,
    destinations: MacSet,
  ) {
    this.#fragments = fragments;
    this.#classes = classes;
    this.#sources = sources;
    this.#destinations = destinations;
    this.#from = classes.from(sources);
    this.#to = classes.to(destinations);
    this.#loops = code.over(arena.memory);
  }

  /** Chooses the packets that shall be sent, and whose addresses are in both sets. @returns how many */
  choose(batch: Batch): number {
    this.firsts = batch.scratch;
    const count = this.#fragments ? this.#wholePackets(batch) : this.#packets(batch);
    const bits = (this.#sources.isEmpty ? 0 : this.#from) | (this.#destinations.isEmpty ? 0 : this.#to);
    return bits === 0 ? count : this.#addressed(batch, count, bits);
  }

  /** The frame behind a packet's last. */
  endOf(batch: Batch, first: number): number {
    return this.#fragments ? batch.endOf(first) : first + 1;
  }

  #packets({ places, count }: Batch): number {
    return this.#loops.listKept(places.egress, count, places.scratch);
  }

  #wholePackets(batch: Batch): number {
    const { firsts } = this;
    let chosen = 0;
    for (let i = 0; i < batch.count; i = batch.endOf(i)) if (batch.egress[i]! >= 0) firsts[chosen++] = i;
    return chosen;
  }

  /** Those that have all of the bits. */
  #addressed(batch: Batch, count: number, bits: number): number {
    if ((this.#classes.classify(batch) & bits) !== bits) return 0;
    const { firsts } = this;
    const { classes } = batch;
    let chosen = 0;
    for (let i = 0; i < count; i++) {
      const first = firsts[i]!;
      if ((classes[first]! & bits) === bits) firsts[chosen++] = first;
    }
    return chosen;
  }
}
