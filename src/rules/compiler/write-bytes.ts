import { R1, R2, R3, R4, type Register } from '../../ebpf/index.js';
import type { Bytes, BytesTest, RowBytes } from './packet-test.js';
import { loadRow, loadRowAddress, type RuleCode, type Targets } from './rule-code.js';
import { pointTo, reachPlace } from './write-place.js';

/** What an offset in a row is taken for: more than any `bytes` match has. */
const OFFSETS = 0x3fff;

export function writeBytes(code: RuleCode, test: BytesTest, targets: Targets): void {
  const { value, mask, offset, offsetRow } = test;
  if (offsetRow === undefined) {
    compareBytes(code, reachPlace(code, test, value.length, targets.no), offset, value, mask, targets);
    return;
  }
  const pointer = pointTo(code, test.base, targets.no);
  loadRow(code, R2, 'u32', offsetRow);
  code.a.alu('&', R2, OFFSETS).mov(R4, pointer).alu('+', R4, R2);
  code.reach(R4, offset + value.length, targets.no);
  compareBytes(code, R4, offset, value, mask, targets);
}

/** Compares bytes that are there, in words as wide as they come; uses R1, R2 and, where they are in a row, R3. */
export function compareBytes(
  code: RuleCode,
  pointer: Register,
  offset: number,
  value: Bytes,
  mask: Bytes,
  targets: Targets,
): void {
  if (!(value instanceof Uint8Array)) {
    compareRow(code, pointer, offset, value, mask, targets);
    return;
  }
  const words = wordsOf(value, mask as Uint8Array);
  if (words.length === 0) {
    code.settle('yes', targets);
    return;
  }
  for (const [i, word] of words.entries()) {
    const last = i === words.length - 1;
    compareWord(code, pointer, offset, word, last ? targets : { ...targets, yes: '', next: 'yes' });
  }
}

/** The mask is in the row as well, or has all bits. */
function compareRow(
  code: RuleCode,
  pointer: Register,
  offset: number,
  value: RowBytes,
  mask: Bytes,
  targets: Targets,
): void {
  const { next, yes, no } = targets;
  loadRowAddress(code, R3);
  for (let at = 0; at < value.length; ) {
    const size = widthOf(value.length - at);
    const name = NAMES[size];
    code.a.load(name, R1, pointer, offset + at);
    if (!(mask instanceof Uint8Array)) code.a.load(name, R2, R3, mask.row + at).alu('&', R1, R2);
    code.a.load(name, R2, R3, value.row + at);
    at += size;
    if (at < value.length || next === 'yes') code.a.jump('!=', R1, R2, no);
    else code.a.jump('==', R1, R2, yes);
  }
}

const NAMES = { 1: 'u8', 2: 'u16', 4: 'u32', 8: 'u64' } as const;

/** The widest word that so many bytes have room for. */
function widthOf(left: number): 1 | 2 | 4 | 8 {
  return left >= 8 ? 8 : left >= 4 ? 4 : left >= 2 ? 2 : 1;
}

interface Word {
  readonly at: number;
  readonly size: 1 | 2 | 4 | 8;
  readonly value: bigint;
  readonly mask: bigint;
}

/** Words that the mask leaves nothing of are left out. */
function wordsOf(value: Uint8Array, mask: Uint8Array): Word[] {
  const words: Word[] = [];
  for (let at = 0; at < value.length; ) {
    const size = widthOf(value.length - at);
    const word = { at, size, value: littleEndian(value, at, size), mask: littleEndian(mask, at, size) } as const;
    if (word.mask !== 0n) words.push(word);
    at += size;
  }
  return words;
}

function compareWord(code: RuleCode, pointer: Register, offset: number, word: Word, targets: Targets): void {
  const { at, size, value, mask } = word;
  const whole = mask === (1n << BigInt(8 * size)) - 1n;
  if (size < 8) {
    code.a.load(NAMES[size], R1, pointer, offset + at);
    if (!whole) code.a.alu32('&', R1, Number(mask));
    code.decide('==', R1, Number(value), targets);
    return;
  }
  code.a.load('u64', R1, pointer, offset + at);
  if (!whole) code.a.load64(R2, mask).alu('&', R1, R2);
  code.a.load64(R2, value);
  if (targets.next === 'no') code.a.jump('==', R1, R2, targets.yes);
  else code.a.jump('!=', R1, R2, targets.no);
}

function littleEndian(bytes: Uint8Array, at: number, size: number): bigint {
  let number = 0n;
  for (let i = size - 1; i >= 0; i--) number = (number << 8n) | BigInt(bytes[at + i]!);
  return number;
}
