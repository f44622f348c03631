/**
 * A generator of 32 random bits at a time: sfc32 by Chris Doty-Humphrey (PractRand 0.95), four words of state that are
 * kept as signed numbers, which V8 holds without a box. Seed it before use.
 */
export class Random {
  #a = 0;
  #b = 0;
  #c = 0;
  #count = 1;

  /** Begins a stream. The same four numbers (their lower 32 bits) begin the same one. */
  seed(first: number, second: number, third: number, fourth: number): void {
    this.#a = mix(first) ^ fourth;
    this.#b = mix(this.#a + second);
    this.#c = mix(this.#b + third);
    this.#count = 1;
    // The words have to get into each other's bits: a few rounds after such mixing.
    for (let i = 0; i < 6; i++) this.bits();
  }

  /** 32 bits, as a signed number. */
  bits(): number {
    const result = (this.#a + this.#b + this.#count) | 0;
    this.#count = (this.#count + 1) | 0;
    this.#a = this.#b ^ (this.#b >>> 9);
    this.#b = (this.#c + (this.#c << 3)) | 0;
    this.#c = (((this.#c << 21) | (this.#c >>> 11)) + result) | 0;
    return result;
  }

  /** 0 to 2^32 - 1. */
  u32(): number {
    return this.bits() >>> 0;
  }

  /** 0 to below `n`, each as likely: 1 to 2^31. */
  below(n: number): number {
    const mask = n === 1 ? 0 : -1 >>> Math.clz32(n - 1);
    let value = this.bits() & mask;
    while (value >= n) value = this.bits() & mask;
    return value;
  }

  /** Above 0 and up to 1, one of 2^53 steps. */
  fraction(): number {
    return (this.u32() * 2 ** 21 + (this.bits() >>> 11) + 1) * 2 ** -53;
  }
}

/** The finalizer of MurmurHash3: every bit of the result depends on every bit of the argument. */
function mix(value: number): number {
  let x = value | 0;
  x = Math.imul(x ^ (x >>> 16), 0x85eb_ca6b);
  x = Math.imul(x ^ (x >>> 13), 0xc2b2_ae35);
  return x ^ (x >>> 16);
}
