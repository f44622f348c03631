import type { MacSet } from '../control/index.js';
import { type Batch, XDP_PKT_CONTD } from '../xsk/index.js';
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
    const { addresses, options, egress, bytes, count } = batch;
    const set = this.#set;
    for (let i = 0; i < count; i++) {
      const at = addresses[i]!;
      const isDropped = set.hasAt(bytes, at) || set.hasAt(bytes, at + 6);
      if (isDropped && egress[i]! >= 0) egress[i] = Drop.dropSet;
      // Further frames of a packet go where its first one goes.
      if (this.#fragments) for (; (options[i]! & XDP_PKT_CONTD) !== 0; i++) egress[i + 1] = egress[i]!;
    }
  }
}
