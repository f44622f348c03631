import { type Assembler, R1, R2, R3, R7, R9, type Register } from '../ebpf/index.js';
import { type ChanceKey, GOLDEN, MIX_FIRST, MIX_SECOND } from './chance.js';

// What the kernel's writer is made of. R7 is the frame, R9 its number.

/** What 16 bits hold, and the sum of the two halves of 64. */
export const WORD = 0xffff;
export const HALVES: number = 2 * 0xffff_ffff;

/**
 * Writes R1 as a big-endian number of `width` bytes, and adds its words to R3: more than two of them as halves of 32 bits,
 * which folding brings down to the same (RFC 1071, section 2(A)). R1 and R2 are lost.
 */
export function putNumber(a: Assembler, width: 2 | 4 | 6 | 8, at: number): void {
  if (width === 2) {
    a.alu('+', R3, R1).byteOrder('be16', R1).store('u16', R7, at, R1);
    return;
  }
  a.mov32(R2, R1).alu('+', R3, R2).mov(R2, R1).alu('>>', R2, 32).alu('+', R3, R2);
  if (width === 4) a.byteOrder('be32', R1).store('u32', R7, at, R1);
  else if (width === 8) a.byteOrder('be64', R1).store('u64', R7, at, R1);
  else {
    a.byteOrder('be16', R2).store('u16', R7, at, R2);
    a.byteOrder('be32', R1).store('u32', R7, at + 2, R1);
  }
}

/** Writes bytes that are the same in all frames. */
export function putConstant(a: Assembler, bytes: Uint8Array, at: number, size: number): void {
  const view = new DataView(bytes.buffer, bytes.byteOffset);
  let done = 0;
  for (; done + 4 <= size; done += 4) a.store('u32', R7, at + done, view.getUint32(at + done, true));
  for (; done < size; done++) a.store('u8', R7, at + done, bytes[at + done]!);
}

/** Sets R2 to one of 0 to `count` - 1 for frame R9: see `chance` and `choose`. R1 is lost. */
export function choose(a: Assembler, key: ChanceKey, count: number): void {
  a.mov32(R2, R9).alu32('^', R2, key.first | 0);
  mix(a);
  a.alu32('+', R2, key.second | 0);
  a.mov(R1, R9)
    .alu('>>', R1, 32)
    .alu32('*', R1, GOLDEN | 0)
    .alu32('+', R2, R1);
  mix(a);
  a.load64(R1, count).alu('*', R2, R1).alu('>>', R2, 32);
}

/** The finalizer of MurmurHash3 on the lower half of R2. R1 is lost. */
function mix(a: Assembler): void {
  a.mov32(R1, R2)
    .alu32('>>', R1, 16)
    .alu32('^', R2, R1)
    .alu32('*', R2, MIX_FIRST | 0);
  a.mov32(R1, R2)
    .alu32('>>', R1, 13)
    .alu32('^', R2, R1)
    .alu32('*', R2, MIX_SECOND | 0);
  a.mov32(R1, R2).alu32('>>', R1, 16).alu32('^', R2, R1);
}

/** Folds a sum of at most `most` to 16 bits (RFC 1071, section 4.1). R1 is lost. */
export function fold(a: Assembler, sum: Register, most: number): void {
  let bound = most;
  if (bound > 0xffff_ffff) {
    a.mov32(R1, sum).alu('>>', sum, 32).alu('+', sum, R1);
    bound = 0xffff_ffff + Math.floor(bound / 2 ** 32);
  }
  while (bound > WORD) {
    a.mov(R1, sum).alu('&', R1, WORD).alu('>>', sum, 16).alu('+', sum, R1);
    // As soon as the upper part is 0 or 1, one more round is the last: a carry out of that would need a larger sum.
    bound = bound <= 2 * WORD ? WORD : WORD + Math.floor(bound / 2 ** 16);
  }
}
