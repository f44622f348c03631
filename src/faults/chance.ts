import { Random } from './random.js';

/** Probabilities from here on are tried packet by packet; below, the distance to the next hit is drawn at once. */
const OFTEN = 1 / 8;

/**
 * Says which trials of an endless row hit, each with the same probability and independently. Between two hits it costs nothing:
 * it draws the distance, which has a geometric distribution. What hits depends on the stream and the probability only, not
 * on how the row is cut into batches:
 *
 * ```ts
 * let at = chance.skip;
 * for (; at < count; at += chance.again()) hit(at);
 * chance.skip = at - count;
 * ```
 */
export class Chance {
  /** Trials that miss before the next hit. */
  skip: number = Number.POSITIVE_INFINITY;
  readonly #random = new Random();
  #probability = 0;
  /** The probability in units of 2^-32: a whole number and a rest. */
  #whole = 0;
  #rest = 0;
  /** Logarithm of a miss. */
  #logMiss = 0;

  /** Begins another stream. */
  seed(first: number, second: number, third: number, fourth: number): void {
    this.#random.seed(first, second, third, fourth);
    this.#restart();
  }

  /** @param probability numerator and denominator. When it stays as it was, so does the row */
  set(part: number, whole: number): void {
    const probability = part / whole;
    if (probability === this.#probability) return;
    this.#probability = probability;
    // In whole numbers: `part` is at most 100,000.
    this.#whole = Math.floor((part * 2 ** 32) / whole);
    this.#rest = ((part * 2 ** 32) % whole) / whole;
    this.#logMiss = Math.log1p(-probability);
    this.#restart();
  }

  get isPossible(): boolean {
    return this.#probability > 0;
  }

  /** How far the hit after this one is: 1 or more. */
  again(): number {
    return 1 + this.#gap();
  }

  #restart(): void {
    this.skip = this.#gap();
  }

  #gap(): number {
    const probability = this.#probability;
    if (probability >= 1) return 0;
    if (probability >= OFTEN) {
      let gap = 0;
      while (!this.#isHit()) gap++;
      return gap;
    }
    if (probability === 0) return Number.POSITIVE_INFINITY;
    // P(gap >= n) is P(miss)^n.
    return Math.floor(Math.log(this.#random.fraction()) / this.#logMiss);
  }

  #isHit(): boolean {
    const value = this.#random.u32();
    if (value !== this.#whole) return value < this.#whole;
    // The one value that hits in part.
    return this.#random.u32() < this.#rest * 2 ** 32;
  }
}
