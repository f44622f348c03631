import type { Batch } from '../xsk/index.js';
import { FaultSlot } from './fault-counters.js';
import { Logged } from './fault-log-writer.js';
import type { FaultStream } from './fault-stream.js';
import { packetLength } from './packet-bytes.js';
import type { StageParts } from './stage-parts.js';

/** Drops packets: each for itself first, then in bursts. */
export class LossStage {
  readonly #parts: StageParts;
  #lost: Int32Array = new Int32Array(0);

  constructor(parts: StageParts) {
    this.#parts = parts;
  }

  /** @param count packets of the selection */
  apply(stream: FaultStream, batch: Batch, count: number): void {
    const { drop, burstLoss } = stream;
    const { drops } = this.#parts;
    let at = drop.skip;
    for (; at < count; at += drop.again()) this.#drop(stream, batch, at, drops.drop, FaultSlot.dropped, Logged.drop);
    drop.skip = at - count;
    if (!burstLoss.isPossible) return;
    if (this.#lost.length < count) this.#lost = new Int32Array(batch.capacity);
    const losses = burstLoss.judge(count, this.#lost);
    for (let i = 0; i < losses; i++) {
      this.#drop(stream, batch, this.#lost[i]!, drops.burstLoss, FaultSlot.burstLost, Logged.burstLoss);
    }
  }

  #drop(stream: FaultStream, batch: Batch, at: number, reason: number, slot: number, fault: number): void {
    const { selection, counters, log } = this.#parts;
    const first = selection.firsts[at]!;
    if (batch.egress[first]! < 0) return;
    const end = selection.endOf(batch, first);
    for (let i = first; i < end; i++) batch.egress[i] = reason;
    counters[stream.row + slot]!++;
    log?.write(fault, stream.place, stream.packets + at, packetLength(batch, first, end), 0);
  }
}
