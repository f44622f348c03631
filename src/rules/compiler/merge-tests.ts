import type { Range } from '../model/index.js';
import type { Formula, FormulaNode } from './formula-node.js';
import type { FieldTest } from './packet-test.js';

/** Alternatives that test one number for several sets test it for all of them at once. */
export function mergeTests(alternatives: readonly FormulaNode[]): Formula[] {
  const fields = new Map<string, FieldTest[]>();
  const merged: Formula[] = [];
  for (const node of alternatives) {
    if (node.kind !== 'test' || node.test.kind !== 'field') {
      merged.push(node);
      continue;
    }
    const place = placeOf(node.test);
    fields.set(place, [...(fields.get(place) ?? []), node.test]);
  }
  for (const tests of fields.values()) merged.push(together(tests));
  return merged;
}

/** Which number of a packet a test looks at. */
export function placeOf({ base, offset, size, shift, mask, known }: FieldTest): string {
  return `${base} ${offset} ${size} ${shift} ${mask} ${known}`;
}

function together(tests: readonly FieldTest[]): Formula {
  const [first] = tests;
  if (tests.length === 1) return { kind: 'test', test: first! };
  const ranges = unite(tests.flatMap((test) => test.ranges));
  const { base, offset, size, mask, known } = first!;
  if (!coversAll(ranges, mask)) return { kind: 'test', test: { ...first!, ranges } };
  return known || { kind: 'test', test: { kind: 'present', base, offset: offset + size, known } };
}

/** Whether ranges, which are united, have all numbers from 0 to `most`. */
export function coversAll([first]: readonly Range[], most: number): boolean {
  return first !== undefined && first.from === 0 && first.to >= most;
}

function unite(ranges: readonly Range[]): Range[] {
  const united: Range[] = [];
  for (const { from, to } of ranges.toSorted((a, b) => a.from - b.from)) {
    const last = united.at(-1);
    if (last === undefined || from > last.to + 1) united.push({ from, to });
    else if (to > last.to) united[united.length - 1] = { from: last.from, to };
  }
  return united;
}
