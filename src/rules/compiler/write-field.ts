import { R1 } from '../../ebpf/index.js';
import type { FieldTest } from './packet-test.js';
import { rangePrefixes } from './range-prefixes.js';
import type { RuleCode, Targets } from './rule-code.js';
import { writeNumbers } from './write-numbers.js';
import { reachPlace } from './write-place.js';
import { writePrefixes } from './write-prefixes.js';

/** So many values are compared as they stand in the packet, without turning their bytes around. */
const FEW_VALUES = 4;
/** Ranges of numbers of 32 bits that are compared one by one; more of them become prefixes. */
const MOST_WIDE_RANGES = 64;

const SIZES = { 1: 'u8', 2: 'u16', 4: 'u32' } as const;

export function writeField(code: RuleCode, test: FieldTest, targets: Targets): void {
  const { size, shift, mask, ranges, offset } = test;
  if (size === 4 && ranges.length > MOST_WIDE_RANGES) {
    const { base, known } = test;
    writePrefixes(code, { kind: 'prefixes', base, known, offset, prefixes: rangePrefixes(ranges) }, targets);
    return;
  }
  const pointer = reachPlace(code, test, size, targets.no);
  code.a.load(SIZES[size], R1, pointer, offset);
  if (ranges.length <= FEW_VALUES && ranges.every(({ from, to }) => from === to)) {
    const inPlace = (value: number) => turned(Number((BigInt(value) << BigInt(shift)) & 0xffff_ffffn), size);
    if (mask !== 2 ** (8 * size) - 1) code.a.alu32('&', R1, inPlace(mask));
    for (const { from } of ranges.slice(0, -1)) code.a.jump32('==', R1, inPlace(from), targets.yes);
    code.decide('==', R1, inPlace(ranges.at(-1)!.from), targets);
    return;
  }
  toNumber(code, test);
  writeNumbers(code, R1, ranges, Math.ceil(Math.log2(mask + 1)), targets);
}

/** R1 = the number, or goes to `no` if it is not there. */
export function loadField(code: RuleCode, test: FieldTest, no: string): void {
  const pointer = reachPlace(code, test, test.size, no);
  code.a.load(SIZES[test.size], R1, pointer, test.offset);
  toNumber(code, test);
}

/** R1 is as it stands in the packet. */
function toNumber(code: RuleCode, { size, shift, mask }: FieldTest): void {
  if (size > 1) code.a.byteOrder(size === 2 ? 'be16' : 'be32', R1);
  if (shift > 0) code.a.alu32('>>', R1, shift);
  if (mask < 2 ** (8 * size - shift) - 1) code.a.alu32('&', R1, mask);
}

/** A number as a load of little endian reads it where it stands in network order. */
export function turned(value: number, size: 1 | 2 | 4): number {
  if (size === 1) return value;
  if (size === 2) return ((value & 0xff) << 8) | (value >> 8);
  return (((value & 0xff) << 24) | ((value & 0xff00) << 8) | ((value >>> 8) & 0xff00) | (value >>> 24)) >>> 0;
}
