import type { Bytes, RowBytes } from './packet-test.js';

/** The constants of a formula, one after the other. */
export class Row {
  readonly #parts: [at: number, bytes: Uint8Array][] = [];
  #length = 0;

  /** @returns where they begin */
  put(numbers: Uint32Array): number {
    return this.take(new Uint8Array(numbers.buffer)).row;
  }

  take(bytes: Bytes): RowBytes {
    if (!(bytes instanceof Uint8Array)) return bytes;
    const row = this.#length;
    this.#parts.push([row, bytes]);
    this.#length += Math.ceil(bytes.length / 4) * 4;
    return { row, length: bytes.length };
  }

  /** A multiple of 8 of them. */
  bytes(): Uint8Array {
    const all = new Uint8Array(Math.ceil(this.#length / 8) * 8);
    for (const [at, bytes] of this.#parts) all.set(bytes, at);
    return all;
  }
}
