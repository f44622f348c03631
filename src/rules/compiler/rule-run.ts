import type { Rule } from '../model/index.js';
import { placeOf } from './merge-tests.js';
import type { FieldTest } from './packet-test.js';
import { isTerminal, type Residue } from './residue.js';

/** So many rules in a row have to be alike for a search to be better than one comparison after the other. */
const SHORTEST = 4;
/** Sets of more ranges have a bitmap, and are not searched for. */
const MOST_RANGES = 8;

/** Numbers of a field that lead to one rule of a run. */
export interface Segment {
  readonly from: number;
  readonly to: number;
  readonly residue: Residue;
}

/** Rules that follow each other, test the same number and nothing else, and let no packet go on. */
export interface RuleRun {
  readonly field: FieldTest;
  readonly residues: readonly Residue[];
  /** In ascending order, with gaps where no rule of the run matches; the first rule has what several match. */
  readonly segments: readonly Segment[];
  /** No packet goes on behind it. */
  readonly isComplete: boolean;
}

/** The run that begins with a rule, if it is worth it. */
export function runAt(
  start: Residue,
  rules: readonly Rule[],
  most: number = Number.POSITIVE_INFINITY,
): RuleRun | undefined {
  const field = fieldOf(start, rules);
  if (field === undefined) return undefined;
  const place = placeOf(field);
  const residues: Residue[] = [];
  for (
    let residue: Residue | undefined = start;
    residue !== undefined && residues.length < most;
    residue = residue.next
  ) {
    const other = fieldOf(residue, rules);
    if (other === undefined || placeOf(other) !== place) break;
    residues.push(residue);
  }
  if (residues.length < SHORTEST) return undefined;
  const segments = segmentsOf(residues);
  const covered = segments.reduce((sum, { from, to }) => sum + to - from + 1, 0);
  return { field, residues, segments, isComplete: field.known && covered > field.mask };
}

function fieldOf({ formula, rule }: Residue, rules: readonly Rule[]): FieldTest | undefined {
  if (formula === true || formula.kind !== 'test' || formula.test.kind !== 'field') return undefined;
  return formula.test.ranges.length <= MOST_RANGES && isTerminal(rules[rule]!.action) ? formula.test : undefined;
}

function segmentsOf(residues: readonly Residue[]): Segment[] {
  let segments: Segment[] = [];
  for (const residue of residues) {
    const { ranges } = (residue.formula as { test: FieldTest }).test;
    for (const { from, to } of ranges) {
      const added: Segment[] = [];
      let at = from;
      for (const segment of segments) {
        if (segment.to < at || segment.from > to) continue;
        if (segment.from > at) added.push({ from: at, to: segment.from - 1, residue });
        at = segment.to + 1;
      }
      if (at <= to) added.push({ from: at, to, residue });
      segments = [...segments, ...added].sort((a, b) => a.from - b.from);
    }
  }
  return segments;
}
