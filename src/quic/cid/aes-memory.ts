import { type AesDirection, box, mixed, ROUNDS, schedule } from './aes.js';

/** A key, and how it is used. */
export interface AesUse {
  readonly key: Uint8Array;
  readonly direction: AesDirection;
  /** How many bytes of a block vary, from the first. */
  readonly input: number;
  /** The blocks that occur, with zeros for the bytes that vary. Without a constant byte it is one of zeros. */
  readonly blocks: readonly Uint8Array[];
  /** How many bytes of the result are wanted, from the first. */
  readonly output: number;
}

/**
 * A table has an entry for each of a byte's 256 values: 16 bits for each row of a column, and this twice, so that a load 2 bytes on
 * is the entry of the next row.
 */
export const ENTRY_SHIFT = 4;
const TABLE = 256 << ENTRY_SHIFT;
const BOX = 256;

/** Offsets in the memory that {@link aesMemory} lays out. The keys of use k stand at keys + k * {@link AesKey.size}. */
export const AesOffset: Readonly<Record<'encrypt' | 'decrypt' | 'encryptBox' | 'decryptBox' | 'keys', number>> = {
  encrypt: 0,
  decrypt: TABLE,
  encryptBox: 2 * TABLE,
  decryptBox: 2 * TABLE + BOX,
  keys: 2 * TABLE + 2 * BOX,
};

/** Bytes of the keys of the first round. */
export const BLOCK_KEYS = 32;

/** Offsets in a use's keys. Those of the first round are there for each of its blocks, with what the constant bytes add. */
export const AesKey: Readonly<Record<'whitening' | 'rounds' | 'last' | 'first' | 'size', number>> = {
  whitening: 0,
  rounds: 16,
  last: 16 + 32 * (ROUNDS - 2),
  first: 32 + 32 * (ROUNDS - 2),
  size: 32 + 32 * (ROUNDS - 2) + 4 * BLOCK_KEYS,
};

/** What 16 bits can reach behind the second table: the verifier does not know that they never hold more than 12. */
const REACH = TABLE + 0x10000 + 16;

/** The tables, and the keys of each use; in host order. */
export function aesMemory(uses: readonly AesUse[]): Uint8Array {
  const bytes = new Uint8Array(Math.max(REACH, AesOffset.keys + uses.length * AesKey.size));
  const words = new BigUint64Array(bytes.buffer);
  for (const direction of ['encrypt', 'decrypt'] as const) {
    for (let x = 0; x < 256; x++) {
      const at = (AesOffset[direction] + (x << ENTRY_SHIFT)) / 8;
      words[at] = words[at + 1] = spread(mixed(direction, x));
    }
    bytes.set(box(direction), AesOffset[`${direction}Box`]);
  }
  for (const [i, use] of uses.entries()) words.set(keysOf(use), (AesOffset.keys + i * AesKey.size) / 8);
  return bytes;
}

function keysOf({ key, direction, input, blocks, output }: AesUse): BigUint64Array {
  const words = new BigUint64Array(AesKey.size / 8);
  const scheduled = schedule(direction, key);
  const step = direction === 'encrypt' ? 1 : 3;
  const two = (at: number) => (BigInt(scheduled[at]!) << 32n) | BigInt(scheduled[at + 1]!);
  for (const half of [0, 1]) {
    words[AesKey.whitening / 8 + half] = two(2 * half);
    const unwanted = BigInt(Math.min(Math.max(64 * (half + 1) - 8 * output, 0), 64));
    words[AesKey.last / 8 + half] = (two(4 * ROUNDS + 2 * half) >> unwanted) << unwanted;
  }
  for (let i = 0; i < 4 * (ROUNDS - 2); i++) words[AesKey.rounds / 8 + i] = spread(scheduled[8 + i]!);
  for (const [b, block] of blocks.entries()) {
    for (let column = 0; column < 4; column++) {
      let sum = spread(scheduled[4 + column]!);
      for (let row = 0; row < 4; row++) {
        const from = (column + row * step) % 4;
        const at = 4 * from + row;
        if (at < input) continue;
        const byte = block[at]! ^ ((scheduled[from]! >>> (24 - 8 * row)) & 0xff);
        sum ^= rotated(spread(mixed(direction, byte)), 16 * row);
      }
      words[AesKey.first / 8 + 4 * b + column] = sum;
    }
  }
  return words;
}

/** A column with 16 bits for each byte, which is in them where its entry stands in a table. */
function spread(column: number): bigint {
  let lanes = 0n;
  for (let row = 0; row < 4; row++) {
    lanes = (lanes << 16n) | BigInt(((column >>> (24 - 8 * row)) & 0xff) << ENTRY_SHIFT);
  }
  return lanes;
}

/** To the right. */
function rotated(lanes: bigint, bits: number): bigint {
  return BigInt.asUintN(64, (lanes >> BigInt(bits)) | (lanes << BigInt(64 - bits)));
}
