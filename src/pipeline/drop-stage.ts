import type { MacSet } from '../control/index.js';
import type { Batch } from '../xsk/index.js';
import { Drop } from './counters.js';

/** Drops packets from and to the addresses of a set. */
export class DropStage {
  readonly #set: MacSet;
  readonly #fragments: boolean;

  constructor(set: MacSet, fragments: boolean) {
    this.#set = set;
    this.#fragments = fragments;
  }

  /** Packets that are dropped already stay so. */
  apply(batch: Batch): void {
    const { addresses, egress, bytes, words, count } = batch;
    const set = this.#set;
    const fragments = this.#fragments;
    for (let i = 0; i < count; ) {
      const at = addresses[i]!;
      const end = fragments ? batch.endOf(i) : i + 1;
      const isDropped = set.hasEither(bytes, words, at);
      if (isDropped && egress[i]! >= 0) for (let each = i; each < end; each++) egress[each] = Drop.dropSet;
      i = end;
    }
  }
}
