import { ChecksumMemory } from '../wire/index.js';
import type { Batch } from '../xsk/index.js';
import type { Chance } from './chance.js';
import { Damage } from './damage.js';
import { FaultSlot } from './fault-counters.js';
import { Logged } from './fault-log-writer.js';
import { Mark } from './fault-marks.js';
import { type FaultStream, Stream } from './fault-stream.js';
import { Mend } from './mend.js';
import { packetLength } from './packet-bytes.js';
import { Random } from './random.js';
import type { StageParts } from './stage-parts.js';

/** What a fault does to the packet that begins in the frame `first`. @returns whether it could */
type Fault = (stream: FaultStream, batch: Batch, first: number, end: number, packet: number) => boolean;

/** Changes bytes: corruption, a flipped bit, growth, shrinking, in this order; checksums are put right at the end, if asked for. */
export class DamageStage {
  readonly #parts: StageParts;
  readonly #damage: Damage;
  readonly #mend: Mend;
  readonly #random = new Random();
  /** Which packets of the selection are damaged, and a mark for each. */
  #damaged: Int32Array = new Int32Array(0);
  #marks: Uint8Array = new Uint8Array(0);
  #damages = 0;

  constructor(parts: StageParts) {
    this.#parts = parts;
    this.#damage = new Damage(parts.umem.frameSize);
    this.#mend = new Mend(new ChecksumMemory(parts.umem.bytes));
  }

  /** @param count packets of the selection */
  apply(stream: FaultStream, batch: Batch, count: number): void {
    this.#each(stream, stream.corrupt, batch, count, this.#corrupt, Mark.corrupted);
    this.#each(stream, stream.bitflip, batch, count, this.#flipBit, Mark.bitflipped);
    this.#each(stream, stream.grow, batch, count, this.#grow, Mark.grown);
    this.#each(stream, stream.shrink, batch, count, this.#shrink, Mark.shrunk);
    if (this.#damages === 0) return;
    if (stream.settings!.mendChecksums === 1) this.#mendAll(stream, batch);
    for (let i = 0; i < this.#damages; i++) this.#marks[this.#damaged[i]!] = 0;
    this.#damages = 0;
  }

  #each(stream: FaultStream, chance: Chance, batch: Batch, count: number, fault: Fault, mark: number): void {
    let at = chance.skip;
    for (; at < count; at += chance.again()) {
      const { selection } = this.#parts;
      const first = selection.firsts[at]!;
      if (batch.egress[first]! < 0) continue;
      if (!fault(stream, batch, first, selection.endOf(batch, first), stream.packets + at)) continue;
      batch.mark(first, mark);
      this.#note(batch, at);
    }
    chance.skip = at - count;
  }

  readonly #corrupt: Fault = (stream, batch, first, end, packet) => {
    const { counters, log } = this.#parts;
    stream.details(this.#random, Stream.corrupt, packet);
    const count = this.#damage.corrupt(batch, first, end, stream.settings!.corruptAmount, this.#random);
    counters[stream.row + (count > 0 ? FaultSlot.corrupted : FaultSlot.tooShortToDamage)]!++;
    if (count > 0 && log !== undefined) {
      log.writePositions(stream.place, packet, packetLength(batch, first, end), this.#damage.positions, count);
    }
    return count > 0;
  };

  readonly #flipBit: Fault = (stream, batch, first, end, packet) => {
    const { counters, log } = this.#parts;
    stream.details(this.#random, Stream.bitflip, packet);
    const bit = this.#damage.flipBit(batch, first, end, this.#random);
    counters[stream.row + (bit >= 0 ? FaultSlot.bitflipped : FaultSlot.tooShortToDamage)]!++;
    if (bit >= 0) log?.write(Logged.bitflip, stream.place, packet, packetLength(batch, first, end), bit);
    return bit >= 0;
  };

  readonly #grow: Fault = (stream, batch, first, end, packet) => {
    if (!this.#isWhole(stream, first, end)) return false;
    const { counters, log } = this.#parts;
    const length = batch.lengths[first]!;
    stream.details(this.#random, Stream.grow, packet);
    const count = this.#damage.grow(batch, first, stream.settings!.growAmount, this.#random);
    counters[stream.row + (count > 0 ? FaultSlot.grown : FaultSlot.noRoomToGrow)]!++;
    if (count > 0) log?.write(Logged.grow, stream.place, packet, length, count);
    return count > 0;
  };

  readonly #shrink: Fault = (stream, batch, first, end, packet) => {
    if (!this.#isWhole(stream, first, end)) return false;
    const { counters, log } = this.#parts;
    const length = batch.lengths[first]!;
    const count = this.#damage.shrink(batch, first, stream.settings!.shrinkAmount);
    counters[stream.row + (count > 0 ? FaultSlot.shrunk : FaultSlot.tooShortToShrink)]!++;
    if (count > 0) log?.write(Logged.shrink, stream.place, packet, length, count);
    return count > 0;
  };

  #isWhole(stream: FaultStream, first: number, end: number): boolean {
    if (end === first + 1) return true;
    this.#parts.counters[stream.row + FaultSlot.fragmentsNotResized]!++;
    return false;
  }

  /** Notes that a packet of the selection was damaged. */
  #note(batch: Batch, at: number): void {
    if (this.#marks.length < batch.capacity) {
      this.#marks = new Uint8Array(batch.capacity);
      this.#damaged = new Int32Array(batch.capacity);
    }
    if (this.#marks[at] !== 0) return;
    this.#marks[at] = 1;
    this.#damaged[this.#damages++] = at;
  }

  #mendAll(stream: FaultStream, batch: Batch): void {
    const { selection, counters } = this.#parts;
    for (let i = 0; i < this.#damages; i++) {
      const first = selection.firsts[this.#damaged[i]!]!;
      const mended = this.#mend.packet(batch, first, selection.endOf(batch, first));
      counters[stream.row + (mended ? FaultSlot.mended : FaultSlot.notMended)]!++;
    }
  }
}
