import { type Assembler, R0, R1, R2, R3, R4, R10 } from '../../ebpf/index.js';
import { emitHash, hashOf } from './hashing.js';
import { CounterKey } from './layouts.js';

/**
 * A count-min sketch (Cormode and Muthukrishnan, 2005) of packets by connection ID, for each CPU: in each row an ID adds to one
 * column, and the least of its numbers is at most that much above the truth as others have met it in every row. It takes the
 * same memory however many IDs there are.
 */
const ROWS = 4;
const COLUMN_BITS = 10;
const COLUMNS = 1 << COLUMN_BITS;
/** As much as a per-CPU value may have (PCPU_MIN_UNIT_SIZE). */
export const SKETCH_BYTES: number = ROWS * COLUMNS * 8;

const FIRST_SHIFT = 64 - COLUMN_BITS;

/** Counts the key at an offset from R10 in the sketch at R0, which is not null. R1 to R4 are lost. */
export function emitSketch(a: Assembler, key: number, seed: number): void {
  emitHash(a, R1, R10, { at: key, size: CounterKey.size, seed }, [R2, R3]);
  for (let row = 0; row < ROWS; row++) {
    const offset = row * COLUMNS * 8;
    a.mov(R2, R1).alu('>>', R2, FIRST_SHIFT - COLUMN_BITS * row);
    if (row > 0) a.alu('&', R2, COLUMNS - 1);
    a.alu('<<', R2, 3).alu('+', R2, R0);
    a.load('u64', R4, R2, offset).alu('+', R4, 1).store('u64', R2, offset, R4);
  }
}

/** Where a key counts, as indices of the sketch's numbers. */
export function sketchPlaces(key: Uint8Array, seed: number): number[] {
  const hash = hashOf(key, seed);
  return Array.from({ length: ROWS }, (_, row) => {
    const column = Number((hash >> BigInt(FIRST_SHIFT - COLUMN_BITS * row)) & BigInt(COLUMNS - 1));
    return row * COLUMNS + column;
  });
}

/** How often a key was counted, or a bit more. @param sketch all CPUs' numbers added up */
export function sketchEstimate(sketch: Float64Array, key: Uint8Array, seed: number): number {
  return Math.min(...sketchPlaces(key, seed).map((place) => sketch[place]!));
}
