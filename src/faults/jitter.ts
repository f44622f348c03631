import { DISTRIBUTIONS, distributionTable, TABLE_BITS } from './distributions.js';
import { Random } from './random.js';

const UNIT = 100_000;
const ENTRIES = 1 << TABLE_BITS;
const NORMAL = DISTRIBUTIONS.indexOf('normal');

/**
 * Delays around a mean, packet by packet. Correlated ones follow each other as an autoregressive process of normal values,
 * which are then given the distribution asked for: unlike tc-netem's, whose spread shrinks with the correlation, they keep it.
 */
export class Jitter {
  readonly #random = new Random();
  #mean = 0;
  #spread = 0;
  #table: Float64Array = distributionTable(0);
  #correlation = 0;
  /** How much of a new value goes into the next. */
  #fresh = 1;
  /** The normal value behind the last delay. */
  #last = 0;

  seed(first: number, second: number, third: number, fourth: number): void {
    this.#random.seed(first, second, third, fourth);
    this.#last = 0;
  }

  /**
   * @param mean milliseconds, as is `spread`: half the width of a uniform distribution, the deviation of the others
   * @param correlation in 1/100000
   * @param distribution its place in DISTRIBUTIONS
   */
  set(mean: number, spread: number, correlation: number, distribution: number): void {
    this.#mean = mean;
    this.#spread = spread;
    this.#table = distributionTable(distribution);
    this.#correlation = correlation / UNIT;
    this.#fresh = Math.sqrt(1 - this.#correlation ** 2);
  }

  get isPossible(): boolean {
    return this.#mean > 0 || this.#spread > 0;
  }

  /** What the next `count` packets are delayed by, in milliseconds: 0 or more. */
  fill(delays: Float64Array, count: number): void {
    const mean = this.#mean;
    const spread = this.#spread;
    if (spread === 0) {
      delays.fill(mean, 0, count);
      return;
    }
    const table = this.#table;
    const random = this.#random;
    const isCorrelated = this.#correlation > 0;
    for (let i = 0; i < count; i++) {
      const entry = random.bits() >>> (32 - TABLE_BITS);
      const delay = mean + spread * table[isCorrelated ? this.#correlated(entry) : entry]!;
      delays[i] = Math.max(delay, 0);
    }
  }

  #correlated(entry: number): number {
    this.#last = this.#correlation * this.#last + this.#fresh * distributionTable(NORMAL)[entry]!;
    return entryOf(this.#last);
  }
}

/** The entry of a table that a normal value stands for: the one whose normal value is nearest. */
function entryOf(value: number): number {
  const normal = distributionTable(NORMAL);
  let low = 0;
  let high = ENTRIES - 1;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (normal[middle]! < value) low = middle + 1;
    else high = middle;
  }
  return low > 0 && value - normal[low - 1]! < normal[low]! - value ? low - 1 : low;
}
