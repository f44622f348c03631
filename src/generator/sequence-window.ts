/** Sequence numbers back from the highest that are remembered. A power of two. */
const WINDOW = 1 << 20;

/** What became of a sequence number. */
export const Arrival = { inOrder: 0, reordered: 1, duplicate: 2, tooOld: 3 } as const;
export type Arrival = (typeof Arrival)[keyof typeof Arrival];

/**
 * The sequence numbers of one stream, as they come in on one queue. A packet is reordered when a higher number came before
 * it (RFC 4737, section 3). A number that was seen before is a duplicate; one that lies more than a million below the
 * highest is too old to tell.
 */
export class SequenceWindow {
  highest = -1;
  lowest: number = Number.POSITIVE_INFINITY;
  /** A bit for each number from `highest - WINDOW + 1` up to `highest`. */
  readonly #seen: Uint32Array = new Uint32Array(WINDOW / 32);

  add(sequence: number): Arrival {
    if (sequence < this.lowest) this.lowest = sequence;
    const { highest } = this;
    if (sequence > highest) {
      this.#forget(highest + 1, sequence);
      this.highest = sequence;
      this.#mark(sequence);
      return Arrival.inOrder;
    }
    if (sequence <= highest - WINDOW) return Arrival.tooOld;
    return this.#mark(sequence) ? Arrival.duplicate : Arrival.reordered;
  }

  /** @returns whether it was marked before */
  #mark(sequence: number): boolean {
    const at = sequence % WINDOW;
    const bit = 1 << (at & 31);
    const word = this.#seen[at >>> 5]!;
    this.#seen[at >>> 5] = word | bit;
    return (word & bit) !== 0;
  }

  /** Makes room for numbers that were not there before. */
  #forget(from: number, to: number): void {
    if (to - from >= WINDOW) {
      this.#seen.fill(0);
      return;
    }
    for (let sequence = from; sequence <= to; sequence++) {
      const at = sequence % WINDOW;
      // A whole word at once, where that is all that stands in it.
      if ((at & 31) === 0 && sequence + 31 <= to) {
        this.#seen[at >>> 5] = 0;
        sequence += 31;
      } else this.#seen[at >>> 5]! &= ~(1 << (at & 31));
    }
  }
}
