import { type ClassSet, UNVERIFIED } from './packet-classes.js';
import type { PacketTest } from './packet-test.js';

/** What is left to be found out about a packet, once its class is known. */
export type Formula = boolean | FormulaNode;

export type FormulaNode = TestNode | JoinNode | NotNode;

export interface TestNode {
  readonly kind: 'test';
  readonly test: PacketTest;
}

export interface JoinNode {
  readonly kind: 'and' | 'or';
  /** Two or more. */
  readonly parts: readonly FormulaNode[];
}

export interface NotNode {
  readonly kind: 'not';
  readonly part: FormulaNode;
}

/** Conditions that are known are gone from the results of these. */
export function and(parts: readonly Formula[]): Formula {
  return join('and', parts);
}

export function or(parts: readonly Formula[]): Formula {
  return join('or', parts);
}

export function not(part: Formula): Formula {
  if (typeof part === 'boolean') return !part;
  return part.kind === 'not' ? part.part : { kind: 'not', part };
}

export function testOf(test: PacketTest): FormulaNode {
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

function join(kind: 'and' | 'or', parts: readonly Formula[]): Formula {
  const decided = kind === 'or';
  const left: FormulaNode[] = [];
  for (const part of parts) {
    if (part === decided) return decided;
    if (typeof part === 'boolean') continue;
    if (part.kind === kind) left.push(...part.parts);
    else left.push(part);
  }
  return left.length > 1 ? { kind, parts: left } : (left[0] ?? !decided);
}
