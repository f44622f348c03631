import type { Umem } from '../xsk/index.js';
import type { FaultLogWriter } from './fault-log-writer.js';
import type { HoldStore } from './hold-store.js';
import type { Selection } from './selection.js';

/** Egress of a packet that faults have dropped: one number for each reason, all negative, by which the owner of the batch counts. */
export interface FaultDrops {
  readonly drop: number;
  readonly burstLoss: number;
  /** No more frames could be held. */
  readonly holdOverflow: number;
}

/** What the stages of one injector have in common. */
export interface StageParts {
  readonly umem: Umem;
  readonly store: HoldStore;
  /** The packets of the batch in hand. */
  readonly selection: Selection;
  readonly counters: Float64Array;
  readonly drops: FaultDrops;
  /** Milliseconds. */
  readonly clock: () => number;
  readonly log: FaultLogWriter | undefined;
}
