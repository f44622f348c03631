import type { MacClasses, MacSet } from '../control/index.js';
import { heldMicroseconds, markedFaults } from '../faults/index.js';
import type { TapProducer } from '../tap/index.js';
import type { Batch, Umem } from '../xsk/index.js';
import type { WallClock } from './wall-clock.js';

/** Copies packets into the tap: all, or those from and to the addresses of a set. */
export class TapStage {
  readonly #producer: TapProducer;
  readonly #macs: MacSet;
  readonly #classes: MacClasses;
  readonly #members: number;
  readonly #fragments: boolean;
  readonly #clock: WallClock;

  /** @param classes of the set, too. @param clock whose last reading is the time of what is written */
  constructor(
    producer: TapProducer,
    macs: MacSet,
    classes: MacClasses,
    clock: WallClock,
    { fragments }: Pick<Umem, 'fragments'>,
  ) {
    this.#clock = clock;
    this.#producer = producer;
    this.#macs = macs;
    this.#classes = classes;
    this.#members = classes.either(macs);
    this.#fragments = fragments;
  }

  /**
   * Of the packets in frames `from` up to `to`.
   *
   * @param direction of TapDirection
   * @param drop why they are dropped: a number from 1, or 0
   */
  write(batch: Batch, from: number, to: number, port: number, direction: number, drop: number): void {
    const bits = this.#macs.isEmpty ? 0 : this.#members;
    if (bits !== 0 && (this.#classes.classify(batch) & bits) === 0) return;
    const { seconds, nanoseconds } = this.#clock;
    if (batch.hasMarks || this.#fragments) this.#writeEach(batch, from, to, bits, port, direction, drop);
    else this.#producer.writeBatch(batch, from, to, bits, port, direction, seconds, nanoseconds, drop);
  }

  /** The same of packets that something was done to, or that may lie in several frames. */
  #writeEach(
    batch: Batch,
    from: number,
    to: number,
    bits: number,
    port: number,
    direction: number,
    drop: number,
  ): void {
    const { addresses, lengths, bytes, marks, hasMarks, classes } = batch;
    const { seconds, nanoseconds } = this.#clock;
    const producer = this.#producer;
    for (let i = from, end = from; i < to; i = end) {
      end = this.#fragments ? batch.endOf(i) : i + 1;
      if (bits !== 0 && (classes[i]! & bits) === 0) continue;
      const mark = hasMarks ? marks[i]! : 0;
      const faults = markedFaults(mark);
      const argument = faults === 0 ? 0 : heldMicroseconds(mark);
      const at = addresses[i]!;
      producer.write(bytes, at, lengths[i]!, port, direction, seconds, nanoseconds, drop, faults, argument);
      for (let more = i + 1; more < end; more++) producer.append(bytes, addresses[more]!, lengths[more]!);
    }
  }

  /** Shows collectors what was written. Once a batch. */
  publish(): void {
    this.#producer.publish();
  }
}
