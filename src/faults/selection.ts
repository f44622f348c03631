import type { MacSet } from '../control/index.js';
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
  readonly #loops: SelectionLoops;

  constructor({ fragments, arena }: Pick<Umem, 'fragments' | 'arena'>) {
    this.#fragments = fragments;
    this.#loops = code.over(arena.memory);
  }

  /**
   * Chooses the packets that shall be sent, and whose addresses are in both sets; a set that is empty has all.
   *
   * @returns how many
   */
  choose(batch: Batch, sources: MacSet, destinations: MacSet): number {
    this.firsts = batch.scratch;
    const count = this.#fragments ? this.#wholePackets(batch) : this.#packets(batch);
    if (sources.isEmpty && destinations.isEmpty) return count;
    return this.#addressed(batch, count, sources, destinations);
  }

  /** The frame behind a packet's last. */
  endOf(batch: Batch, first: number): number {
    return this.#fragments ? batch.endOf(first) : first + 1;
  }

  #packets({ egress, count, scratch }: Batch): number {
    return this.#loops.listKept(egress.byteOffset, count, scratch.byteOffset);
  }

  #wholePackets(batch: Batch): number {
    const { firsts } = this;
    let chosen = 0;
    for (let i = 0; i < batch.count; i = batch.endOf(i)) if (batch.egress[i]! >= 0) firsts[chosen++] = i;
    return chosen;
  }

  #addressed(batch: Batch, count: number, sources: MacSet, destinations: MacSet): number {
    const { firsts } = this;
    const { bytes, addresses } = batch;
    const anySource = sources.isEmpty;
    const anyDestination = destinations.isEmpty;
    let chosen = 0;
    for (let i = 0; i < count; i++) {
      const first = firsts[i]!;
      const start = addresses[first]!;
      if (!anySource && !sources.hasAt(bytes, start + 6)) continue;
      if (!anyDestination && !destinations.hasAt(bytes, start)) continue;
      firsts[chosen++] = first;
    }
    return chosen;
  }
}
