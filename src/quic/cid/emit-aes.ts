import { type Assembler, R0, R1, R2, R3, R4, R5, R6, R7, R8, R9, R10, type Register } from '../../ebpf/index.js';
import { type AesDirection, ROUNDS } from './aes.js';
import { AesKey, AesOffset, ENTRY_SHIFT } from './aes-memory.js';

export interface AesFunction {
  readonly label: string;
  readonly direction: AesDirection;
  /** The map of `aesMemory`, and where its key starts in there. */
  readonly table: string;
  readonly key: number;
  /** How many bytes of the block vary, from the first; the others are in the keys of the first round. */
  readonly input: number;
  /** How many bytes of the result are wanted, from the first: 1 to 12. */
  readonly output: number;
}

/** Where the pointer to the rest of the result waits. */
const POINTER = -8;

/** The columns before and after a round change places. */
const STATES = [
  [R1, R2, R3, R4],
  [R6, R7, R8, R9],
] as const;

/**
 * One block of AES-128 as a subprogram. Arguments: R1 and R2, the block's bytes as big-endian numbers of 8 (R2 only with more than
 * 8 that vary); R3, the offset in the map of the keys of the first round; with more than 8 bytes wanted, R4 points to a u64 on the
 * caller's stack. Result: R0, the first 8 bytes; the others where R4 points; the first byte uppermost, zeros behind those wanted.
 *
 * 750 to 900 instructions, all straight, and in registers: a load from the stack would come later than the shift that it saves.
 * A column has 16 bits for each byte, and in them the byte stands as a table is indexed with it, so that two of the four need no mask
 * and none is moved to its place. Which lines of the tables are in the cache after it depends on key and block; it does not run in
 * constant time.
 */
export function emitAes(a: Assembler, aes: AesFunction): void {
  const { label, direction, table, key, input, output } = aes;
  const entries = AesOffset[direction];
  const box = AesOffset[`${direction}Box`];
  // Row r of a column comes from the column r places on; inverse, from as many back (FIPS 197, sections 5.1.2 and 5.3.1).
  const step = direction === 'encrypt' ? 1 : 3;
  const source = (column: number, row: number) => (column + row * step) % 4;
  const addEntry = (out: Register, place: Register, row: number) =>
    a
      .alu('+', place, R5)
      .load('u64', place, place, entries + 2 * row)
      .alu('^', out, place);

  a.label(label);
  if (output > 8) a.store('u64', R10, POINTER, R4);
  a.mapValue(R5, table).alu('+', R3, R5);
  for (const [i, bytes] of [R1, R2].entries()) {
    if (input > 8 * i) a.load('u64', R0, R5, key + AesKey.whitening + 8 * i).alu('^', bytes, R0);
  }
  for (const [i, out] of STATES[1].entries()) {
    a.load('u64', out, R3, 8 * i);
    for (let row = 0; row < 4; row++) {
      const byte = 4 * source(i, row) + row;
      if (byte < input) addEntry(out, placeOfByte(a, byte < 8 ? R1 : R2, byte % 8), row);
    }
  }

  // The columns that have the bytes of the last round.
  const wanted = Array.from({ length: output }, (_, byte) => source(byte >> 2, byte & 3));
  for (let round = 2; round < ROUNDS; round++) {
    const [from, to] = round % 2 === 1 ? STATES : [STATES[1], STATES[0]];
    for (const [i, out] of to.entries()) {
      if (round === ROUNDS - 1 && !wanted.includes(i)) continue;
      a.load('u64', out, R5, key + AesKey.rounds + 32 * (round - 2) + 8 * i);
      // What the last column takes of the others is the last that is left of them.
      for (let row = 0; row < 4; row++) addEntry(out, placeInColumn(a, from[source(i, row)]!, row, i === 3), row);
    }
  }

  for (const [i, out] of [R1, R2].entries()) {
    if (output <= 8 * i) break;
    a.load('u64', out, R5, key + AesKey.last + 8 * i);
    for (let byte = 8 * i; byte < Math.min(output, 8 * i + 8); byte++) {
      byteInColumn(a, STATES[1][source(byte >> 2, byte & 3)]!, byte & 3);
      a.alu('+', R0, R5).load('u8', R0, R0, box);
      const left = 56 - 8 * (byte % 8);
      if (left > 0) a.alu('<<', R0, left);
      a.alu('^', out, R0);
    }
  }
  if (output > 8) a.load('u64', R5, R10, POINTER).store('u64', R5, 0, R2);
  a.mov(R0, R1).exit();
}

/** R0: a table's offset for a byte of eight that stand side by side. */
function placeOfByte(a: Assembler, bytes: Register, byte: number): Register {
  const right = 56 - 8 * byte - ENTRY_SHIFT;
  a.mov(R0, bytes);
  if (right > 0) a.alu('>>', R0, right);
  else a.alu('<<', R0, -right);
  a.alu32('&', R0, 0xff << ENTRY_SHIFT);
  return R0;
}

/** The same for a byte of a column; in the column's register if that is needed no more, and otherwise in R0. */
function placeInColumn(a: Assembler, column: Register, row: number, isLast: boolean): Register {
  const place = isLast ? column : R0;
  if (!isLast) a.mov(place, column);
  if (row === 0) a.alu('>>', place, 48);
  else if (row === 1) a.alu('>>', place, 32).alu32('&', place, 0xffff);
  else if (row === 2) a.alu32('>>', place, 16);
  else a.alu32('&', place, 0xffff);
  return place;
}

/** R0: a byte of a column. */
function byteInColumn(a: Assembler, column: Register, row: number): void {
  a.mov(R0, column).alu('>>', R0, 48 - 16 * row + ENTRY_SHIFT);
  if (row > 0) a.alu32('&', R0, 0xff);
}
