import { R1, R2, type Register } from '../../ebpf/index.js';
import type { BytesTest } from './packet-test.js';
import type { RuleCode, Targets } from './rule-code.js';
import { reachPlace } from './write-place.js';

export function writeBytes(code: RuleCode, test: BytesTest, targets: Targets): void {
  const pointer = reachPlace(code, test, test.value.length, targets.no);
  compareBytes(code, pointer, test.offset, test.value, test.mask, targets);
}

/** Compares bytes that are there, in words as wide as they come; uses R1 and R2. */
export function compareBytes(
  code: RuleCode,
  pointer: Register,
  offset: number,
  value: Uint8Array,
  mask: Uint8Array,
  targets: Targets,
): void {
  const words = wordsOf(value, mask);
  if (words.length === 0) {
    code.settle('yes', targets);
    return;
  }
  for (const [i, word] of words.entries()) {
    const last = i === words.length - 1;
    compareWord(code, pointer, offset, word, last ? targets : { ...targets, yes: '', next: 'yes' });
  }
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
    const left = value.length - at;
    const size = left >= 8 ? 8 : left >= 4 ? 4 : left >= 2 ? 2 : 1;
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
    code.a.load(size === 4 ? 'u32' : size === 2 ? 'u16' : 'u8', R1, pointer, offset + at);
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
