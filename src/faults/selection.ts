import type { MacSet } from '../control/index.js';
import type { Batch } from '../xsk/index.js';

/** The packets of a batch that faults are tried on, by the frames they begin in. */
export class Selection {
  firsts: Int32Array = new Int32Array(0);
  readonly #fragments: boolean;

  /** @param fragments whether packets may lie in several frames */
  constructor(fragments: boolean) {
    this.#fragments = fragments;
  }

  /**
   * Chooses the packets that shall be sent, and whose addresses are in both sets; a set that is empty has all.
   *
   * @returns how many
   */
  choose(batch: Batch, sources: MacSet, destinations: MacSet): number {
    if (this.firsts.length < batch.capacity) this.firsts = new Int32Array(batch.capacity);
    const count = this.#fragments ? this.#wholePackets(batch) : this.#packets(batch);
    if (sources.size === 0 && destinations.size === 0) return count;
    return this.#addressed(batch, count, sources, destinations);
  }

  /** The frame behind a packet's last. */
  endOf(batch: Batch, first: number): number {
    return this.#fragments ? batch.endOf(first) : first + 1;
  }

  #packets({ egress, count }: Batch): number {
    const { firsts } = this;
    let chosen = 0;
    for (let i = 0; i < count; i++) if (egress[i]! >= 0) firsts[chosen++] = i;
    return chosen;
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
    const anySource = sources.size === 0;
    const anyDestination = destinations.size === 0;
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
