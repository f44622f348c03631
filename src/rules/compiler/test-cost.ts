import type { FormulaNode } from './formula-node.js';

/** What a test takes, roughly: some instructions; a call of the kernel's to look into a map; or an expression, of any length. */
const Cost = { inline: 0, lookUp: 1, expression: 2 } as const;

/**
 * The same parts, those that cost little before the others: tests have no effects, so that their order is free, but for that of
 * the class, which stays first.
 */
export function cheapFirst(parts: readonly FormulaNode[]): FormulaNode[] {
  return parts.toSorted((a, b) => costOf(a) - costOf(b));
}

function costOf(node: FormulaNode): number {
  if (node.kind === 'not') return costOf(node.part);
  if (node.kind !== 'test') return Math.max(...node.parts.map(costOf));
  switch (node.test.kind) {
    case 'prefixes':
    case 'macs':
      return Cost.lookUp;
    case 'expression':
      return Cost.expression;
    default:
      return Cost.inline;
  }
}
