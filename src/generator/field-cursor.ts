import { type ChanceKey, chance, choose } from './chance.js';
import { type FieldWindow, Sum } from './field-window.js';

/** A field that steps from frame to frame. The loop that writes it moves it, so that nothing is called for it. */
export class SteppingField {
  /** What it has next. */
  value: number;
  readonly at: number;
  readonly width: number;
  /** All bits set for a checksum that the field is part of. */
  readonly headerMask: number;
  readonly transportMask: number;
  /** From one value to the next; the last one; and from beyond it back to the first. */
  readonly stride: number;
  readonly last: number;
  readonly span: number;
  readonly #window: FieldWindow;

  /** @param frames from one frame to the next */
  constructor(window: FieldWindow, frames: number) {
    const { at, width, base, step, count, sums } = window;
    this.value = base;
    this.at = at;
    this.width = width;
    this.headerMask = sums & Sum.header ? -1 : 0;
    this.transportMask = sums & Sum.transport ? -1 : 0;
    this.stride = (frames % count) * step;
    this.last = base + (count - 1) * step;
    this.span = count * step;
    this.#window = window;
  }

  /** To the value of frame `n`. */
  seek(n: number): void {
    const { base, step, count } = this.#window;
    this.value = base + step * (n % count);
  }
}

/** A field of one word: a class of its own, so that the loop over these sees small integers only. */
export class NarrowField extends SteppingField {}

/** A field whose value is chosen by chance. */
export class ChosenField {
  readonly at: number;
  readonly width: number;
  readonly headerMask: number;
  readonly transportMask: number;
  readonly #window: FieldWindow;
  readonly #key: ChanceKey;

  constructor(window: FieldWindow, key: ChanceKey) {
    this.at = window.at;
    this.width = window.width;
    this.headerMask = window.sums & Sum.header ? -1 : 0;
    this.transportMask = window.sums & Sum.transport ? -1 : 0;
    this.#window = window;
    this.#key = key;
  }

  valueOf(n: number): number {
    const { base, step, count } = this.#window;
    return base + step * choose(chance(this.#key, n), count);
  }
}
