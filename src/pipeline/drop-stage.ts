import type { MacClasses, MacSet } from '../control/index.js';
import type { Batch, Umem } from '../xsk/index.js';
import { Drop } from './counters.js';

/** Drops packets from and to the addresses of a set. */
export class DropStage {
  readonly #classes: MacClasses;
  readonly #members: number;
  readonly #fragments: boolean;

  /** @param classes of the set, too */
  constructor(set: MacSet, classes: MacClasses, { fragments }: Pick<Umem, 'fragments'>) {
    this.#classes = classes;
    this.#members = classes.either(set);
    this.#fragments = fragments;
  }

  /** Packets that are dropped already stay so. */
  apply(batch: Batch): void {
    if (this.#fragments) this.#applyWhole(batch);
    else this.#classes.redirect(batch, this.#members, Drop.dropSet);
  }

  /** The same where packets may lie in several frames: the first one's class is all of theirs. */
  #applyWhole(batch: Batch): void {
    if ((this.#classes.classify(batch) & this.#members) === 0) return;
    const { egress, classes, count } = batch;
    for (let i = 0, end = 0; i < count; i = end) {
      end = batch.endOf(i);
      if (egress[i]! >= 0 && (classes[i]! & this.#members) !== 0) egress.fill(Drop.dropSet, i, end);
    }
  }
}
