import { type Assembler, R0, R1, R2, R3, R4, R5, R6, R7, R8, R9, R10, type Register } from '../../ebpf/index.js';
import { AesOffset, KEY_BYTES } from './aes-tables.js';

export interface AesFunction {
  readonly label: string;
  readonly direction: 'encrypt' | 'decrypt';
  /** The map of `aesMemory`, and which of its keys. */
  readonly table: string;
  readonly key: number;
  /** How many of the result's four words are wanted, from the first: 1 to 3. */
  readonly words: number;
}

const TABLE = 1024;
const ROUNDS = 10;
/** Where the pointer to the third word waits. */
const POINTER = -8;

/** State before and after a round change places. */
const STATES = [
  [R1, R2, R3, R4],
  [R6, R7, R8, R9],
] as const;

/**
 * One block of AES-128 as a subprogram. Arguments: R1 to R4, the block's big-endian words; with three words, R5 points to a u32
 * on the caller's stack. Result: R0, the first two words (the first in the upper half); the third where R5 points.
 *
 * 1,000 instructions, all straight: each word of a round is four looked-up words and a round key. Which lines of the tables are
 * in the cache after it depends on key and block; it does not run in constant time.
 */
export function emitAes(a: Assembler, aes: AesFunction): void {
  const { label, direction, table, key, words } = aes;
  const encrypts = direction === 'encrypt';
  const tables = encrypts ? AesOffset.encryptTables : AesOffset.decryptTables;
  const box = encrypts ? AesOffset.encryptBox : AesOffset.decryptBox;
  // Row r of a column comes from the column r places on; inverse, from as many back (FIPS 197, sections 5.1.2 and 5.3.1).
  const step = encrypts ? 1 : 3;
  a.label(label);
  if (words === 3) a.store('u64', R10, POINTER, R5);
  a.mapValue(R5, table);
  const keyAt = (round: number, word: number) => AesOffset.keys + key * KEY_BYTES + 16 * round + 4 * word;
  for (const [i, register] of STATES[0].entries()) a.load('u32', R0, R5, keyAt(0, i)).alu32('^', register, R0);
  for (let round = 1; round < ROUNDS; round++) {
    const [from, to] = round % 2 === 1 ? STATES : [STATES[1], STATES[0]];
    for (const [i, out] of to.entries()) {
      for (let row = 0; row < 4; row++) {
        const target = row === 0 ? out : R0;
        indexWord(a, target, from[(i + row * step) % 4]!, row);
        a.load('u32', target, target, tables + row * TABLE);
        if (row > 0) a.alu32('^', out, R0);
      }
      a.load('u32', R0, R5, keyAt(round, i)).alu32('^', out, R0);
    }
  }
  const [to, from] = STATES;
  for (const [i, out] of to.slice(0, words).entries()) {
    for (let row = 0; row < 4; row++) {
      const target = row === 0 ? out : R0;
      indexByte(a, target, from[(i + row * step) % 4]!, row);
      a.load('u8', target, target, box);
      if (row < 3) a.alu32('<<', target, 24 - 8 * row);
      if (row > 0) a.alu32('|', out, R0);
    }
    a.load('u32', R0, R5, keyAt(ROUNDS, i)).alu32('^', out, R0);
  }
  if (words === 3) a.load('u64', R5, R10, POINTER).store('u32', R5, 0, R3);
  a.mov(R0, R1).alu('<<', R0, 32);
  if (words > 1) a.alu('|', R0, R2);
  a.exit();
}

/** `target` points so that the table's word for the byte of a row is at offset 0. */
function indexWord(a: Assembler, target: Register, from: Register, row: number): void {
  a.mov32(target, from);
  if (row === 3) a.alu32('<<', target, 2);
  else a.alu32('>>', target, 22 - 8 * row);
  a.alu32('&', target, 0x3fc).alu('+', target, R5);
}

function indexByte(a: Assembler, target: Register, from: Register, row: number): void {
  a.mov32(target, from);
  if (row < 3) a.alu32('>>', target, 24 - 8 * row);
  if (row > 0) a.alu32('&', target, 0xff);
  a.alu('+', target, R5);
}
