import { chance, choose } from './chance.js';
import { checksumOf, fold, swap } from './checksum-sums.js';
import { ChosenField, NarrowField, SteppingField } from './field-cursor.js';
import { Sum } from './field-window.js';
import type { FramePlan, FrameTemplate } from './frame-plan.js';
import { Measure, putU64 } from './measure.js';

export interface FrameWriterOptions {
  /** From one frame to the next that this writer is asked for: with several writers, their number. Default 1. */
  readonly stride?: number;
  /**
   * Bytes from frame to frame, a power of two, in memory that nobody else writes to and where a frame always begins at
   * the same place of its slot: then only what changes is written. Default: none, every frame is written whole.
   */
  readonly slot?: number;
}

/**
 * Writes the frames of a plan into memory. Frame n is always the same (but for the time in a measuring payload): it
 * depends on the description and n alone. One frame after the other, or every `stride`-th, is fast; any other order works
 * as well. Writing allocates nothing.
 */
export class FrameWriter {
  /** Bytes of the longest frame. */
  readonly maxLength: number;
  /** Whether all frames of one size are the same. */
  readonly isConstant: boolean;
  readonly #plan: FramePlan;
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  readonly #stride: number;
  readonly #narrow: readonly NarrowField[];
  readonly #wide: readonly SteppingField[];
  readonly #chosen: readonly ChosenField[];
  /** The frame whose values the stepping fields have. */
  #next = 0;
  /** Number of the template that stands in each slot, -1 for none; undefined without slots. */
  readonly #placed: Int32Array | undefined;
  readonly #slotShift: number;
  /** Where a checksum that changes stands; -1 for none. */
  readonly #headerChecksum: number;
  readonly #transportChecksum: number;
  /** What a checksum of 0 is written as. */
  readonly #zero: number;
  readonly #oneAddress: Uint32Array = new Uint32Array(1);
  readonly #oneLength: Uint32Array = new Uint32Array(1);

  /** @param bytes the memory that frames are written into */
  constructor(plan: FramePlan, bytes: Uint8Array, options: FrameWriterOptions = {}) {
    const { templates, windows, layout } = plan;
    const { stride = 1, slot } = options;
    this.#plan = plan;
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.#stride = stride;
    const stepping = windows.filter(({ key }) => key === undefined);
    this.#narrow = stepping.filter(({ width }) => width === 2).map((window) => new NarrowField(window, stride));
    this.#wide = stepping.filter(({ width }) => width > 2).map((window) => new SteppingField(window, stride));
    this.#chosen = windows.flatMap((window) => (window.key === undefined ? [] : [new ChosenField(window, window.key)]));
    this.#slotShift = slot === undefined ? 0 : Math.log2(slot) | 0;
    this.#placed = slot === undefined ? undefined : new Int32Array(Math.ceil(bytes.length / slot)).fill(-1);
    this.#zero = plan.isUdp ? 0xffff : 0;
    this.maxLength = Math.max(...templates.map(({ bytes }) => bytes.length));
    const measures = templates[0]!.measure >= 0;
    this.isConstant = windows.length === 0 && !measures;
    const sums = windows.reduce((all, { sums }) => all | sums, 0);
    this.#headerChecksum = sums & Sum.header ? layout.headerChecksum : -1;
    this.#transportChecksum = sums & Sum.transport || measures ? layout.transportChecksum : -1;
  }

  /**
   * Writes frame `n` at `at`, where the memory has room for {@link maxLength}.
   *
   * @param n 0 up to 2^53
   * @param time nanoseconds of CLOCK_MONOTONIC, for a measuring payload
   * @returns its length in bytes
   */
  write(n: number, at: number, time = 0): number {
    this.#oneAddress[0] = at;
    this.writeBatch(n, this.#oneAddress, this.#oneLength, 1, time);
    return this.#oneLength[0]!;
  }

  /** Writes frames `n`, `n + stride`, and so on: `count` of them, one at each address; and their lengths. */
  writeBatch(n: number, addresses: Uint32Array, lengths: Uint32Array, count: number, time = 0): void {
    if (n !== this.#next) this.#seek(n);
    this.#next = n + count * this.#stride;
    // One frame after the other: each is touched once, while it is in the cache.
    for (let i = 0; i < count; i++) {
      const at = addresses[i]!;
      const template = this.#place(n + i * this.#stride, at);
      lengths[i] = template.length;
      if (!this.isConstant) this.#fill(n + i * this.#stride, at, template, time);
    }
  }

  /** Writes the frame's template, unless it stands there. */
  #place(n: number, at: number): FrameTemplate {
    const { templates, cycle, cycleKey } = this.#plan;
    let index = 0;
    if (templates.length > 1) {
      index = cycle[cycleKey === undefined ? n % cycle.length : choose(chance(cycleKey, n), cycle.length)]!;
    }
    const template = templates[index]!;
    const placed = this.#placed;
    if (placed === undefined) this.#bytes.set(template.bytes, at);
    else {
      const slot = at >>> this.#slotShift;
      if (placed[slot] !== index) {
        this.#bytes.set(template.bytes, at);
        placed[slot] = index;
      }
    }
    return template;
  }

  /** Writes what is not the same in all frames of a template. */
  #fill(n: number, at: number, template: FrameTemplate, time: number): void {
    const view = this.#view;
    let header = template.headerSum;
    let transport = template.transportSum;
    const narrow = this.#narrow;
    for (let i = 0; i < narrow.length; i++) {
      const field = narrow[i]!;
      const { value } = field;
      view.setUint16(at + field.at, value);
      header += value & field.headerMask;
      transport += value & field.transportMask;
      const next = value + field.stride;
      field.value = next > field.last ? next - field.span : next;
    }
    const wide = this.#wide;
    for (let i = 0; i < wide.length; i++) {
      const field = wide[i]!;
      const sum = putNumber(view, at + field.at, field.width, field.value);
      header += sum & field.headerMask;
      transport += sum & field.transportMask;
      const next = field.value + field.stride;
      field.value = next > field.last ? next - field.span : next;
    }
    const chosen = this.#chosen;
    for (let i = 0; i < chosen.length; i++) {
      const field = chosen[i]!;
      const sum = putNumber(view, at + field.at, field.width, field.valueOf(n));
      header += sum & field.headerMask;
      transport += sum & field.transportMask;
    }
    const { measure } = template;
    if (measure >= 0) {
      const sum = putU64(view, at + measure + Measure.sequence, n) + putU64(view, at + measure + Measure.time, time);
      // Words at odd offsets count with their bytes swapped (RFC 1071, section 2(B)).
      transport += (measure & 1) === 0 ? sum : swap(fold(sum));
    }
    if (this.#headerChecksum >= 0) view.setUint16(at + this.#headerChecksum, checksumOf(header, 0));
    if (this.#transportChecksum >= 0) view.setUint16(at + this.#transportChecksum, checksumOf(transport, this.#zero));
  }

  #seek(n: number): void {
    for (const field of this.#narrow) field.seek(n);
    for (const field of this.#wide) field.seek(n);
  }
}

/** Writes a big-endian number of 2, 4 or 6 bytes. @returns the sum of its words */
function putNumber(view: DataView, at: number, width: number, value: number): number {
  const low = value >>> 0;
  if (width === 2) {
    view.setUint16(at, low);
    return low;
  }
  const sum = (low >>> 16) + (low & 0xffff);
  if (width === 4) {
    view.setUint32(at, low);
    return sum;
  }
  const high = Math.floor(value / 0x1_0000_0000);
  view.setUint16(at, high);
  view.setUint32(at + 2, low);
  return sum + high;
}
