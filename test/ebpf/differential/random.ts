/** A stream of chance that a seed repeats (mulberry32). */
export class Random {
  #state: number;

  constructor(seed: number) {
    this.#state = (seed * 0x9e37_79b1) | 0;
  }

  /** Any 32 bits, without sign. */
  u32(): number {
    this.#state = (this.#state + 0x6d2b_79f5) | 0;
    let t = Math.imul(this.#state ^ (this.#state >>> 15), this.#state | 1);
    t = (t + Math.imul(t ^ (t >>> 7), t | 61)) ^ t;
    return (t ^ (t >>> 14)) >>> 0;
  }

  /** 0 to `limit` - 1. */
  below(limit: number): number {
    return Math.floor((this.u32() / 2 ** 32) * limit);
  }

  between(least: number, most: number): number {
    return least + this.below(most - least + 1);
  }

  chance(probability: number): boolean {
    return this.u32() / 2 ** 32 < probability;
  }

  pick<T>(list: readonly T[]): T {
    return list[this.below(list.length)]!;
  }

  /** One of these, the weight telling how often. */
  weighted<T>(list: readonly (readonly [weight: number, T])[]): T {
    let left = this.below(list.reduce((sum, [weight]) => sum + weight, 0));
    for (const [weight, item] of list) {
      left -= weight;
      if (left < 0) return item;
    }
    return list[0]![1];
  }

  /** Numbers of 32 bits with sign, among them those where arithmetic turns. */
  immediate(): number {
    if (this.chance(0.3)) return this.pick(EDGES) | 0;
    if (this.chance(0.5)) return this.between(-16, 64);
    return this.u32() | 0;
  }

  /** Numbers of 64 bits. */
  quad(): bigint {
    if (this.chance(0.3)) return this.pick(WIDE_EDGES);
    return (BigInt(this.u32()) << 32n) | BigInt(this.u32());
  }

  bytes(length: number): Uint8Array {
    return Uint8Array.from({ length }, () =>
      this.chance(0.2) ? this.pick([0, 1, 0x7f, 0x80, 0xff]) : this.below(256),
    );
  }
}

const EDGES = [
  0, 1, -1, 2, 7, 8, 31, 32, 63, 0x7f, 0x80, 0xff, 0x100, 0x7fff, 0x8000, 0xffff, 0x7fff_ffff, 0x8000_0000,
];
const WIDE_EDGES = [
  0n,
  1n,
  0xffff_ffffn,
  0x1_0000_0000n,
  0x7fff_ffffn,
  0x8000_0000n,
  0xffff_ffff_8000_0000n,
  0x7fff_ffff_ffff_ffffn,
  0x8000_0000_0000_0000n,
  0xffff_ffff_ffff_ffffn,
];
