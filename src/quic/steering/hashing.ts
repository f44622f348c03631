import type { Assembler, Register } from '../../ebpf/index.js';

/** An odd number whose bits are as good as random (the golden ratio). */
const FACTOR = 0x9e37_79b9_7f4a_7c15n;
const BITS = 64;

/** What a seed becomes, so that seeds near each other share nothing. */
function spread(seed: number): bigint {
  return BigInt.asUintN(BITS, (BigInt(seed) + 1n) * 0xd6e8_feb8_6659_fd93n);
}

/**
 * Writes a hash of 64 bits over words of 8 bytes on the stack, into a register. (The last bytes of a key that is no multiple of 8
 * are a word of 4.)
 *
 * @param at where the bytes begin, from R10; a multiple of 8
 * @param free two other registers, that are lost
 */
export function emitHash(
  a: Assembler,
  hash: Register,
  stack: Register,
  { at, size, seed }: { at: number; size: number; seed: number },
  [factor, word]: readonly [Register, Register],
): void {
  a.load64(hash, spread(seed)).load64(factor, FACTOR);
  for (let offset = 0; offset < size; offset += 8) {
    a.load(size - offset >= 8 ? 'u64' : 'u32', word, stack, at + offset);
    a.alu('^', hash, word).alu('*', hash, factor).mov(word, hash).alu('>>', word, 32).alu('^', hash, word);
  }
  a.alu('*', hash, factor);
}

/** The same of bytes. */
export function hashOf(bytes: Uint8Array, seed: number): bigint {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  let hash = spread(seed);
  for (let offset = 0; offset < bytes.length; offset += 8) {
    const word = bytes.length - offset >= 8 ? view.getBigUint64(offset, true) : BigInt(view.getUint32(offset, true));
    hash = BigInt.asUintN(BITS, (hash ^ word) * FACTOR);
    hash ^= hash >> 32n;
  }
  return BigInt.asUintN(BITS, hash * FACTOR);
}
