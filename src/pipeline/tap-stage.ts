import { MacFilter, type MacSet } from '../control/index.js';
import { heldMicroseconds, markedFaults } from '../faults/index.js';
import type { TapProducer } from '../tap/index.js';
import type { Batch, Umem } from '../xsk/index.js';

/** When this thread's clock began: seconds since 1970, and milliseconds of the next one. In one number they would lose nanoseconds. */
const ORIGIN_SECONDS = Math.floor(performance.timeOrigin / 1000);
const ORIGIN_REST = performance.timeOrigin - ORIGIN_SECONDS * 1000;

/** Copies packets into the tap: all, or those from and to the addresses of a set. */
export class TapStage {
  readonly #producer: TapProducer;
  readonly #macs: MacSet;
  readonly #filter: MacFilter;
  readonly #fragments: boolean;
  #seconds = 0;
  #nanoseconds = 0;

  constructor(producer: TapProducer, macs: MacSet, { arena, fragments }: Pick<Umem, 'arena' | 'fragments'>) {
    this.#producer = producer;
    this.#macs = macs;
    this.#filter = new MacFilter(macs, arena);
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
    const count = this.#choose(batch, from, to);
    if (count === 0) return;
    const { addresses, lengths, bytes, marks, hasMarks, scratch: chosen } = batch;
    const producer = this.#producer;
    if (!hasMarks && !this.#fragments) {
      producer.writeListed(batch, count, port, direction, this.#seconds, this.#nanoseconds, drop);
      return;
    }
    const seconds = this.#seconds;
    const nanoseconds = this.#nanoseconds;
    for (let n = 0; n < count; n++) {
      const i = chosen[n]!;
      const mark = hasMarks ? marks[i]! : 0;
      const faults = markedFaults(mark);
      const argument = faults === 0 ? 0 : heldMicroseconds(mark);
      const at = addresses[i]!;
      producer.write(bytes, at, lengths[i]!, port, direction, seconds, nanoseconds, drop, faults, argument);
      if (!this.#fragments) continue;
      const end = batch.endOf(i);
      for (let more = i + 1; more < end; more++) producer.append(bytes, addresses[more]!, lengths[more]!);
    }
  }

  /** Lists the packets of these frames that are tapped, by their first frames, in the batch's scratch. @returns how many */
  #choose(batch: Batch, from: number, to: number): number {
    const { scratch: chosen } = batch;
    const all = this.#macs.isEmpty;
    if (this.#fragments) return this.#chooseWhole(batch, from, to, all);
    if (!all) return this.#filter.search(batch, from, to);
    for (let i = from; i < to; i++) chosen[i - from] = i;
    return to - from;
  }

  /** The same where packets may lie in several frames. */
  #chooseWhole(batch: Batch, from: number, to: number, all: boolean): number {
    const { addresses, bytes, words, scratch: chosen } = batch;
    let count = 0;
    for (let i = from; i < to; i = batch.endOf(i)) {
      if (all || this.#macs.hasEither(bytes, words, addresses[i]!)) chosen[count++] = i;
    }
    return count;
  }

  /** Shows collectors what was written. Once a batch. */
  publish(): void {
    this.#producer.publish();
  }
}
