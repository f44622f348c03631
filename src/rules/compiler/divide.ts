import type { Formula } from './formula-node.js';
import type { Residue } from './residue.js';

/** Tests in one function. The verifier has to remember several branches for each, and 8,192 at most. */
const TESTS = 300;
/** A program may have 256 functions (BPF_MAX_SUBPROGS). */
const PARTS = 200;

/** Instructions of an expression that are as much as a test. */
const EXPRESSION_TEST = 12;

/**
 * Divides a list of rules into parts of about equal size.
 *
 * @param expressionCost instructions of a tcpdump expression
 */
export function divide(residues: readonly Residue[], expressionCost: (text: string) => number): Residue[][] {
  const testsOf = (formula: Formula): number => {
    if (typeof formula === 'boolean') return 1;
    if (formula.kind === 'not') return testsOf(formula.part);
    if (formula.kind !== 'test') return formula.parts.reduce((sum, part) => sum + testsOf(part), 0);
    const { test } = formula;
    return test.kind === 'expression' ? Math.ceil(expressionCost(test.expression) / EXPRESSION_TEST) : 1;
  };
  const total = residues.reduce((sum, { formula }) => sum + testsOf(formula), 0);
  const most = Math.max(TESTS, total / PARTS);
  const parts: Residue[][] = [];
  let size = Number.POSITIVE_INFINITY;
  for (const residue of residues) {
    const tests = testsOf(residue.formula);
    if (size + tests > most) {
      parts.push([]);
      size = 0;
    }
    parts.at(-1)!.push(residue);
    size += tests;
  }
  return parts;
}
