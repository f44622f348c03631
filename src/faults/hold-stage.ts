import { type Batch, FrameOwner } from '../xsk/index.js';
import { FaultSlot } from './fault-counters.js';
import { Logged } from './fault-log-writer.js';
import { heldMark, Mark, TICKS } from './fault-marks.js';
import type { FaultStream } from './fault-stream.js';
import { Held } from './hold-store.js';
import { packetLength } from './packet-bytes.js';
import type { StageParts } from './stage-parts.js';

/** Delay of a packet that overtakes. */
const OVERTAKES = -1;
/** Egress of frames that are held, until they are taken out of the batch: below all others. */
const HELD = -0x8000_0000;

/** Copies packets, and keeps them until their time comes: delay, reordering and a limited rate. */
export class HoldStage {
  readonly #parts: StageParts;
  readonly #fragments: boolean;
  /** For each packet of the selection its delay, then the time it leaves at; 0 at once. Milliseconds. Only of a stream that holds any. */
  #times: Float64Array = new Float64Array(0);
  /** Frames of the batch to hold, the ticks they are due at, their marks, and their entries in the store. */
  #frames: Int32Array = new Int32Array(0);
  #ticks: Int32Array = new Int32Array(0);
  #marks: Int32Array = new Int32Array(0);
  #entries: Int32Array = new Int32Array(0);
  /** Frames of the batch to copy. */
  #copied: Int32Array = new Int32Array(0);

  constructor(parts: StageParts) {
    this.#parts = parts;
    this.#fragments = parts.umem.fragments;
  }

  /** @param count packets of the selection. Those that are held are taken out of the batch */
  apply(stream: FaultStream, batch: Batch, count: number): void {
    this.#makeRoom(batch.capacity);
    const held = stream.holds ? this.#holdAll(stream, batch, count) : 0;
    this.#copyHits(stream, batch, count);
    if (held > 0) this.#remove(batch, held);
    this.#parts.counters[stream.row + FaultSlot.held] = stream.held;
  }

  /** @returns how many frames are held now; they are still in the batch */
  #holdAll(stream: FaultStream, batch: Batch, count: number): number {
    const now = this.#parts.clock();
    stream.wheel.advance(Math.floor(now * TICKS));
    stream.jitter.fill(this.#times, count);
    if (stream.reorder.isPossible) this.#overtake(stream, batch, count);
    const held = this.#choose(stream, batch, count, now);
    if (held === 0) return 0;
    this.#put(stream, batch, held);
    const { ledger } = this.#parts.umem;
    if (ledger === undefined) return held;
    for (let i = 0; i < held; i++) {
      ledger.move(batch.addresses[this.#frames[i]!]!, FrameOwner.application, FrameOwner.held);
    }
    return held;
  }

  /** Holds the first `count` of the chosen frames. */
  #put(stream: FaultStream, batch: Batch, count: number): void {
    this.#parts.store.put(batch, stream.number, this.#frames, this.#ticks, this.#marks, this.#entries, count);
    stream.wheel.put(this.#entries, this.#ticks, count);
    stream.held += count;
  }

  /** Marks the packets that leave at once while others are delayed. */
  #overtake(stream: FaultStream, batch: Batch, count: number): void {
    const { selection } = this.#parts;
    const { reorder, packets } = stream;
    const gap = stream.settings!.reorderGap;
    let at = reorder.skip;
    for (; at < count; at += reorder.again()) {
      if (packets + at - stream.overtook < gap) continue;
      stream.overtook = packets + at;
      const first = selection.firsts[at]!;
      if (batch.egress[first]! < 0 || this.#times[at] === 0) continue;
      this.#times[at] = OVERTAKES;
      batch.mark(first, Mark.reordered);
      this.#parts.counters[stream.row + FaultSlot.reordered]!++;
      this.#log(stream, Logged.reorder, batch, first, at, 0);
    }
    reorder.skip = at - count;
  }

  /** Says which frames have to be held, and how long. @returns how many */
  #choose(stream: FaultStream, batch: Batch, count: number, now: number): number {
    const { selection, store, counters, log } = this.#parts;
    const { rate, wheel, row } = stream;
    const { egress } = batch;
    const { firsts } = selection;
    const limited = rate.isPossible;
    const { room } = store;
    const times = this.#times;
    const frames = this.#frames;
    const ticks = this.#ticks;
    const marks = this.#marks;
    const { hasMarks, marks: noted } = batch;
    const fragments = this.#fragments;
    let held = 0;
    let delayed = 0;
    let rateLimited = 0;
    for (let at = 0; at < count; at++) {
      const first = firsts[at]!;
      if (egress[first]! < 0) continue;
      const late = times[at]!;
      times[at] = 0;
      if (late <= 0 && (late === OVERTAKES || !limited)) continue;
      const end = fragments ? batch.endOf(first) : first + 1;
      if (held + end - first > room) {
        this.#overflow(stream, batch, first, end, at);
        continue;
      }
      const arrival = now + late;
      let leave = arrival;
      let kinds = hasMarks ? noted[first]! : 0;
      if (late > 0) delayed++;
      if (limited) {
        leave = rate.pass(arrival, packetLength(batch, first, end));
        if (leave > arrival) {
          rateLimited++;
          kinds |= Mark.rateLimited;
        }
        // It may leave now, but not before those that wait.
        else if (leave <= now && held === 0 && wheel.isEmpty) continue;
      }
      if (log !== undefined) {
        if (late > 0) this.#log(stream, Logged.delay, batch, first, at, late);
        if (leave > arrival) this.#log(stream, Logged.rate, batch, first, at, leave - arrival);
      }
      times[at] = leave;
      const tick = Math.ceil(leave * TICKS) | 0;
      const mark = heldMark(kinds, Math.round((leave - now) * TICKS));
      for (let i = first; i < end; i++) {
        frames[held] = i;
        marks[held] = mark;
        ticks[held++] = tick;
      }
    }
    counters[row + FaultSlot.delayed]! += delayed;
    counters[row + FaultSlot.rateLimited]! += rateLimited;
    return held;
  }

  /** No more can be held: the packet is dropped. */
  #overflow(stream: FaultStream, batch: Batch, first: number, end: number, at: number): void {
    const { counters, drops } = this.#parts;
    this.#log(stream, Logged.holdOverflow, batch, first, at, 0);
    for (let i = first; i < end; i++) batch.egress[i] = drops.holdOverflow;
    counters[stream.row + FaultSlot.holdOverflow]!++;
  }

  /** A copy leaves when its original does, but behind the batch. */
  #copyHits(stream: FaultStream, batch: Batch, count: number): void {
    const { selection } = this.#parts;
    const { duplicate } = stream;
    let at = duplicate.skip;
    for (; at < count; at += duplicate.again()) {
      const first = selection.firsts[at]!;
      if (batch.egress[first]! >= 0) this.#copy(stream, batch, first, selection.endOf(batch, first), at);
    }
    duplicate.skip = at - count;
  }

  #copy(stream: FaultStream, batch: Batch, first: number, end: number, at: number): void {
    const { store, umem, counters } = this.#parts;
    const { pool, frameSize, bytes, txMetadataLength } = umem;
    const { rate, wheel } = stream;
    const frames = end - first;
    if (pool.free < frames || store.room < frames) {
      counters[stream.row + FaultSlot.noFrameToDuplicate]!++;
      return;
    }
    const leave = stream.holds ? this.#times[at]! : 0;
    let tick = wheel.present;
    let mark = (batch.hasMarks ? batch.marks[first]! : 0) | Mark.duplicate;
    if (leave > 0) {
      // On a limited link it needs as long as its original.
      const passed = rate.isPossible ? rate.pass(leave, packetLength(batch, first, end)) : leave;
      tick = Math.ceil(passed * TICKS) | 0;
      mark = heldMark(mark, tick - wheel.present);
    }
    for (let i = 0; i < frames; i++) this.#copied[i] = first + i;
    this.#ticks.fill(tick, 0, frames);
    this.#marks.fill(mark, 0, frames);
    store.put(batch, stream.number, this.#copied, this.#ticks, this.#marks, this.#entries, frames);
    for (let i = 0; i < frames; i++) {
      const address = batch.addresses[first + i]!;
      const copy = pool.take() + (address % frameSize);
      const end = address + batch.lengths[first + i]!;
      bytes.copyWithin(copy - txMetadataLength, address - txMetadataLength, end);
      store.words[this.#entries[i]! + Held.address] = copy;
      umem.ledger?.move(copy, FrameOwner.free, FrameOwner.held);
    }
    wheel.put(this.#entries, this.#ticks, frames);
    stream.held += frames;
    counters[stream.row + FaultSlot.duplicated]!++;
    this.#log(stream, Logged.duplicate, batch, first, at, 0);
  }

  /** Takes the held frames out of the batch. */
  #remove(batch: Batch, held: number): void {
    // As it is with a delay for all.
    if (held === batch.count) {
      batch.count = 0;
      return;
    }
    for (let i = 0; i < held; i++) batch.egress[this.#frames[i]!] = HELD;
    batch.sift(this.#frames[0]!, HELD + 1);
  }

  /** @param milliseconds where the fault is about time */
  #log(stream: FaultStream, fault: number, batch: Batch, first: number, at: number, milliseconds: number): void {
    const { log, selection } = this.#parts;
    if (log === undefined) return;
    const length = packetLength(batch, first, selection.endOf(batch, first));
    log.write(fault, stream.place, stream.packets + at, length, Math.round(milliseconds * 1000));
  }

  #makeRoom(capacity: number): void {
    if (this.#frames.length >= capacity) return;
    this.#times = new Float64Array(capacity);
    this.#frames = new Int32Array(capacity);
    this.#ticks = new Int32Array(capacity);
    this.#marks = new Int32Array(capacity);
    this.#entries = new Int32Array(capacity);
    this.#copied = new Int32Array(capacity);
  }
}
