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
  const sizes = residues.map(({ formula }) => testsOf(formula));
  const total = sizes.reduce((sum, size) => sum + size, 0);
  for (let most = Math.max(TESTS, total / PARTS); ; most *= 1.2) {
    const parts = partsOf(residues, sizes, most);
    if (parts.length <= PARTS) return parts;
  }
}

function partsOf(residues: readonly Residue[], sizes: readonly number[], most: number): Residue[][] {
  const parts: Residue[][] = [];
  let size = Number.POSITIVE_INFINITY;
  for (const [i, residue] of residues.entries()) {
    if (size + sizes[i]! > most) {
      parts.push([]);
      size = 0;
    }
    parts.at(-1)!.push(residue);
    size += sizes[i]!;
  }
  return parts;
}
