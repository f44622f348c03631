import type { Range } from '../model/index.js';
import type { FormulaNode, TestNode } from './formula.js';
import type { FieldTest } from './packet-test.js';

/** Alternatives that test one number for several sets test it for all of them at once. */
export function mergeTests(alternatives: readonly FormulaNode[]): FormulaNode[] {
  const fields = new Map<string, FieldTest[]>();
  const merged: FormulaNode[] = [];
  for (const node of alternatives) {
    if (node.kind !== 'test' || node.test.kind !== 'field') {
      merged.push(node);
      continue;
    }
    const place = placeOf(node.test);
    fields.set(place, [...(fields.get(place) ?? []), node.test]);
  }
  for (const tests of fields.values()) merged.push({ kind: 'test', test: together(tests) } satisfies TestNode);
  return merged;
}

/** Which number of a packet a test looks at. */
export function placeOf({ base, offset, size, shift, mask, known }: FieldTest): string {
  return `${base} ${offset} ${size} ${shift} ${mask} ${known}`;
}

function together(tests: readonly FieldTest[]): FieldTest {
  const [first] = tests;
  return tests.length === 1 ? first! : { ...first!, ranges: unite(tests.flatMap(({ ranges }) => ranges)) };
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
