import { objectError } from './object-error.js';

/** No name in an object file is longer (the kernel's KSYM_NAME_LEN is 512). */
const LONGEST_TEXT = 1024;

/** Little-endian numbers out of a piece of a file that may be cut off or damaged: no read goes past its end. */
export class ByteReader {
  readonly bytes: Uint8Array;
  readonly #view: DataView;
  readonly #what: string;

  /** @param what what the bytes are, for the error of a read past their end */
  constructor(bytes: Uint8Array, what: string) {
    // A Buffer's slice() would share its memory.
    this.bytes = new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.#what = what;
  }

  get length(): number {
    return this.bytes.length;
  }

  u8(at: number): number {
    return this.#view.getUint8(this.#check(at, 1));
  }

  u16(at: number): number {
    return this.#view.getUint16(this.#check(at, 2), true);
  }

  u32(at: number): number {
    return this.#view.getUint32(this.#check(at, 4), true);
  }

  s32(at: number): number {
    return this.#view.getInt32(this.#check(at, 4), true);
  }

  /** What exceeds 2^53 becomes inexact: it is no size or offset in any file, and the next check says so. */
  u64(at: number): number {
    return Number(this.#view.getBigUint64(this.#check(at, 8), true));
  }

  /** A part, without a copy. */
  part(at: number, length: number, what: string = this.#what): ByteReader {
    this.#check(at, length);
    return new ByteReader(this.bytes.subarray(at, at + length), what);
  }

  /** Text up to its zero byte. */
  text(at: number): string {
    const text = this.bytes.subarray(this.#check(at, 1), at + LONGEST_TEXT);
    const length = text.indexOf(0);
    if (length < 0) throw objectError(`${this.#what}: the text at byte ${at} has no end`);
    return Buffer.from(text.buffer, text.byteOffset, length).toString('utf8');
  }

  #check(at: number, length: number): number {
    if (at + length <= this.bytes.length) return at;
    throw objectError(`${this.#what} ends too early: ${length} bytes at ${at} are wanted, of ${this.bytes.length}`);
  }
}
