import type { FormulaNode } from './formula-node.js';
import type { MapPool } from './map-pool.js';
import type { Bytes, FieldTest, LengthTest, PacketTest } from './packet-test.js';
import { rangePrefixes } from './range-prefixes.js';
import { formulaKey } from './residue.js';
import { Row } from './row.js';
import { turned } from './write-field.js';

/**
 * A formula without its constants: what thousands of conditions have in common. Their constants are rows of a table, and
 * the program has the formula once, as a function that is called with a row's number.
 */
export interface Shape {
  /** Two formulas with the same key differ in their rows only. */
  readonly key: string;
  readonly formula: FormulaNode;
  /** Bytes, a multiple of 8. */
  readonly row: Uint8Array;
}

/** More ranges of a number than these are looked up in a bitmap. */
const FEW_RANGES = 2;
/** So many tests make one shape at most: what is larger is rarely there twice. */
const MOST_TESTS = 48;

/** @returns undefined for what is too large, or has expressions in it */
export function shapeOf(formula: FormulaNode, maps: MapPool): Shape | undefined {
  if (testsOf(formula) > MOST_TESTS) return undefined;
  const row = new Row();
  const shaped = withoutConstants(formula, row, maps);
  return shaped && { key: formulaKey(shaped), formula: shaped, row: row.bytes() };
}

/** How many tests a formula has; Infinity with one that has no shape. */
function testsOf(formula: FormulaNode): number {
  if (formula.kind === 'not') return testsOf(formula.part);
  if (formula.kind !== 'test') return formula.parts.reduce((sum, part) => sum + testsOf(part), 0);
  const { test } = formula;
  // What parsing has verified of a place is not known where pointers are made anew.
  return test.kind === 'expression' || ('known' in test && test.known) ? Number.POSITIVE_INFINITY : 1;
}

function withoutConstants(formula: FormulaNode, row: Row, maps: MapPool): FormulaNode {
  if (formula.kind === 'test') return { kind: 'test', test: withRow(formula.test, row, maps) };
  if (formula.kind === 'not') return { kind: 'not', part: withoutConstants(formula.part, row, maps) };
  return { kind: formula.kind, parts: formula.parts.map((part) => withoutConstants(part, row, maps)) };
}

function withRow(test: PacketTest, row: Row, maps: MapPool): PacketTest {
  switch (test.kind) {
    case 'field':
      return fieldWithRow(test, row, maps);
    case 'length':
      return numberWithRow(test, 16, row, maps);
    case 'bytes': {
      const { value, mask, offset } = test;
      const offsetRow = row.put(Uint32Array.of(offset));
      return { ...test, offset: 0, offsetRow, value: row.take(value), mask: maskOf(mask, row) };
    }
    case 'longConnectionId':
      return { ...test, id: row.take(test.id) };
    case 'innerIpv4': {
      const { value, mask } = test;
      return { ...test, value: row.take(value), mask: maskOf(mask, row) };
    }
    case 'macs': {
      const { base, offset, known } = test;
      const { map, list } = maps.macs(test.macs);
      return { kind: 'rowList', base, offset, known, size: 6, map, row: row.put(Uint32Array.of(list)) };
    }
    case 'prefixes': {
      const { base, offset, known } = test;
      const { map, list } = maps.prefixes(test.prefixes);
      const size = test.prefixes[0]!.address.length as 4 | 16;
      return { kind: 'rowList', base, offset, known, size, map, row: row.put(Uint32Array.of(list)) };
    }
    default:
      return test;
  }
}

function fieldWithRow(test: FieldTest, row: Row, maps: MapPool): PacketTest {
  const { base, offset, known, size, shift, mask, ranges } = test;
  const [first] = ranges;
  if (ranges.length === 1 && first!.from === first!.to) {
    const inPlace = (number: number) => {
      const value = turned(Number((BigInt(number) << BigInt(shift)) & 0xffff_ffffn), size);
      return new Uint8Array(Uint32Array.of(value).buffer, 0, size);
    };
    return {
      kind: 'bytes',
      base,
      offset,
      known,
      value: row.take(inPlace(first!.from)),
      mask: maskOf(inPlace(mask), row),
    };
  }
  if (size < 4) return numberWithRow(test, Math.ceil(Math.log2(mask + 1)), row, maps);
  if (ranges.length <= FEW_RANGES) return test;
  return withRow({ kind: 'prefixes', base, offset, known, prefixes: rangePrefixes(ranges) }, row, maps);
}

function maskOf(mask: Bytes, row: Row): Bytes {
  return mask instanceof Uint8Array && mask.every((byte) => byte === 255) ? mask : row.take(mask);
}

function numberWithRow(test: FieldTest | LengthTest, bits: number, row: Row, maps: MapPool): PacketTest {
  if (test.ranges.length <= FEW_RANGES) return test;
  const { map, offset } = maps.bitmap(test.ranges, bits);
  return { kind: 'rowBits', number: { ...test, ranges: [] }, map, row: row.put(Uint32Array.of(offset)) };
}
