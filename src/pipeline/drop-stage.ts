import { MacFilter, type MacSet } from '../control/index.js';
import type { Batch, Umem } from '../xsk/index.js';
import { Drop } from './counters.js';

/** Drops packets from and to the addresses of a set. */
export class DropStage {
  readonly #set: MacSet;
  readonly #filter: MacFilter;
  readonly #fragments: boolean;

  constructor(set: MacSet, { arena, fragments }: Pick<Umem, 'arena' | 'fragments'>) {
    this.#set = set;
    this.#filter = new MacFilter(set, arena);
    this.#fragments = fragments;
  }

  /** Packets that are dropped already stay so. */
  apply(batch: Batch): void {
    if (this.#fragments) {
      this.#applyWhole(batch);
      return;
    }
    const { egress, scratch } = batch;
    const found = this.#filter.search(batch, 0, batch.count);
    for (let n = 0; n < found; n++) {
      const i = scratch[n]!;
      if (egress[i]! >= 0) egress[i] = Drop.dropSet;
    }
  }

  /** The same where packets may lie in several frames. */
  #applyWhole(batch: Batch): void {
    const { addresses, egress, bytes, words, count } = batch;
    for (let i = 0, end = 0; i < count; i = end) {
      end = batch.endOf(i);
      if (egress[i]! >= 0 && this.#set.hasEither(bytes, words, addresses[i]!)) egress.fill(Drop.dropSet, i, end);
    }
  }
}
