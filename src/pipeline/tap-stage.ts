import type { MacSet } from '../control/index.js';
import { heldMicroseconds, markedFaults } from '../faults/index.js';
import type { TapProducer } from '../tap/index.js';
import type { Batch } from '../xsk/index.js';

/** When this thread's clock began: seconds since 1970, and milliseconds of the next one. In one number they would lose nanoseconds. */
const ORIGIN_SECONDS = Math.floor(performance.timeOrigin / 1000);
const ORIGIN_REST = performance.timeOrigin - ORIGIN_SECONDS * 1000;

/** Copies packets into the tap: all, or those from and to the addresses of a set. */
export class TapStage {
  readonly #producer: TapProducer;
  readonly #macs: MacSet;
  readonly #fragments: boolean;
  #seconds = 0;
  #nanoseconds = 0;

  constructor(producer: TapProducer, macs: MacSet, fragments: boolean) {
    this.#producer = producer;
    this.#macs = macs;
    this.#fragments = fragments;
  }

  /** What is written from now on happened now. Once for each batch and direction: the clock costs as much as several packets. */
  stamp(): void {
    const now = ORIGIN_REST + performance.now();
    const passed = Math.floor(now / 1000);
    this.#seconds = ORIGIN_SECONDS + passed;
    this.#nanoseconds = Math.floor((now - passed * 1000) * 1_000_000);
  }

  /**
   * Of the packets in frames `from` up to `to`.
   *
   * @param direction of TapDirection
   * @param drop why they are dropped: a number from 1, or 0
   */
  write(batch: Batch, from: number, to: number, port: number, direction: number, drop: number): void {
    const { addresses, lengths, bytes, marks, hasMarks } = batch;
    const producer = this.#producer;
    const macs = this.#macs;
    const all = macs.size === 0;
    const seconds = this.#seconds;
    const nanoseconds = this.#nanoseconds;
    for (let i = from; i < to; i++) {
      const at = addresses[i]!;
      const end = this.#fragments ? batch.endOf(i) : i + 1;
      if (all || macs.hasAt(bytes, at) || macs.hasAt(bytes, at + 6)) {
        const mark = hasMarks ? marks[i]! : 0;
        const faults = markedFaults(mark);
        producer.write(
          bytes,
          at,
          lengths[i]!,
          port,
          direction,
          seconds,
          nanoseconds,
          drop,
          faults,
          heldMicroseconds(mark),
        );
        for (let more = i + 1; more < end; more++) producer.append(bytes, addresses[more]!, lengths[more]!);
      }
      i = end - 1;
    }
  }

  /** Shows collectors what was written. Once a batch. */
  publish(): void {
    this.#producer.publish();
  }
}
