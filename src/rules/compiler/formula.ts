import type { Formula, FormulaNode, TestNode } from './formula-node.js';
import { mergeTests } from './merge-tests.js';
import { type ClassSet, UNVERIFIED } from './packet-classes.js';
import type { PacketTest } from './packet-test.js';
import { cheapFirst } from './test-cost.js';

/** Conditions that are known are gone from the result; of tests of the class one is left. */
export function and(parts: readonly Formula[]): Formula {
  const left = open('and', parts);
  if (left === undefined) return false;
  let classes: ClassSet | undefined;
  const others: FormulaNode[] = [];
  for (const part of left) {
    if (part.kind === 'test' && part.test.kind === 'class')
      classes = (classes ?? part.test.classes) & part.test.classes;
    else others.push(part);
  }
  if (classes === 0) return false;
  return joined('and', classes === undefined ? others : [testOf({ kind: 'class', classes }), ...others], true);
}

/** Conditions that are known are gone from the result. Alternatives of the same classes look at the class once, those of one number at one set. */
export function or(parts: readonly Formula[]): Formula {
  const left = open('or', parts);
  if (left === undefined) return true;
  const byClasses = new Map<ClassSet, Formula[]>();
  const others: FormulaNode[] = [];
  for (const part of left) {
    const [first, ...rest] = part.kind === 'and' ? part.parts : [part];
    if (first!.kind !== 'test' || first!.test.kind !== 'class') {
      others.push(part);
      continue;
    }
    const { classes } = first!.test;
    byClasses.set(classes, [...(byClasses.get(classes) ?? []), joined('and', rest, true)]);
  }
  const grouped = [...byClasses].map(([classes, rests]) => and([testOf({ kind: 'class', classes }), or(rests)]));
  const merged = open('or', mergeTests(others));
  return merged === undefined || joined('or', [...(grouped as FormulaNode[]), ...merged], false);
}

export function not(part: Formula): Formula {
  if (typeof part === 'boolean') return !part;
  return part.kind === 'not' ? part.part : { kind: 'not', part };
}

export function testOf(test: PacketTest): TestNode {
  return { kind: 'test', test };
}

/**
 * Holds in some classes only: `inside` makes the formula for those. In the others it is false, and where the set has
 * both, the program has to look which one it is.
 */
export function within(classes: ClassSet, wanted: ClassSet, inside: (classes: ClassSet) => Formula): Formula {
  const common = classes & wanted;
  if (common === 0) return false;
  const formula = inside(common | (classes & UNVERIFIED));
  return common === (classes & ~UNVERIFIED) ? formula : and([testOf({ kind: 'class', classes: wanted }), formula]);
}

/** Parts of parts, without those that are known. @returns undefined where one of them decides */
function open(kind: 'and' | 'or', parts: readonly Formula[]): FormulaNode[] | undefined {
  const deciding = kind === 'or';
  if (parts.includes(deciding)) return undefined;
  const unknown = parts.filter((part) => typeof part !== 'boolean');
  return unknown.flatMap((part) => (part.kind === kind ? part.parts : [part]));
}

function joined(kind: 'and' | 'or', parts: readonly FormulaNode[], whenNone: boolean): Formula {
  return parts.length > 1 ? { kind, parts: cheapFirst(parts) } : (parts[0] ?? whenNone);
}
