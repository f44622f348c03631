import { type Assembler, R0, R1, R2, type Register } from '../../ebpf/index.js';
import { XdpError } from '../../sys/index.js';
import { CidFailure } from './codec.js';
import { emitNumber, hexOf, readNumber, writeNumber } from './id-bytes.js';

/** A server's number has 32 bits. */
const NUMBER_BYTES = 4;

/**
 * A server in the bytes of an ID. Where it has more than four, the last four are its number, and the ones before have to be the
 * same for all servers: the prefix.
 */
export class NumberField {
  readonly length: number;
  readonly prefix: Uint8Array;
  /** Bytes of the number. */
  readonly count: number;
  readonly highest: number;

  /**
   * @param length bytes of the field
   * @param prefix `length` - 4 bytes; default: zeros
   * @throws XDP_ERR_USAGE
   */
  constructor(length: number, prefix?: Uint8Array) {
    this.length = length;
    this.count = Math.min(length, NUMBER_BYTES);
    this.highest = 2 ** (8 * this.count) - 1;
    const before = length - this.count;
    this.prefix = prefix ?? new Uint8Array(before);
    if (this.prefix.length !== before) {
      const message = `a prefix of ${this.prefix.length} bytes does not go with a server of ${length}`;
      throw new XdpError('XDP_ERR_USAGE', message, {
        advice: before === 0 ? 'leave it out' : `the last four bytes are its number: the prefix has ${before}`,
      });
    }
  }

  /** @returns a server, or CidFailure.invalid where the prefix is another */
  read(bytes: Uint8Array, at: number): number {
    for (const [i, byte] of this.prefix.entries()) if (bytes[at + i] !== byte) return CidFailure.invalid;
    return readNumber(bytes, at + this.prefix.length, this.count);
  }

  write(bytes: Uint8Array, at: number, server: number): void {
    bytes.set(this.prefix, at);
    writeNumber(bytes, at + this.prefix.length, this.count, server);
  }

  /** Reads it into R0 from bytes that are there, or goes to `failed` with R0 = CidFailure.invalid. R1 and R2 are lost. */
  emit(a: Assembler, base: Register, at: number, failed: string): void {
    const { prefix, count } = this;
    if (prefix.length > 0) a.mov(R0, CidFailure.invalid);
    for (let i = 0; i < prefix.length; i += NUMBER_BYTES) {
      const size = Math.min(NUMBER_BYTES, prefix.length - i);
      emitNumber(a, R1, base, at + i, size, R2);
      a.jump32('!=', R1, readNumber(prefix, i, size), failed);
    }
    emitNumber(a, R0, base, at + prefix.length, count, R2);
  }

  text(bytes: Uint8Array, at: number): string {
    return hexOf(bytes.subarray(at, at + this.length));
  }
}
