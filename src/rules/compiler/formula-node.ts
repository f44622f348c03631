import type { PacketTest } from './packet-test.js';

/** What is left to be found out about a packet, once its class is known. */
export type Formula = boolean | FormulaNode;

export type FormulaNode = TestNode | JoinNode | NotNode;

export interface TestNode {
  readonly kind: 'test';
  readonly test: PacketTest;
}

interface JoinNode {
  readonly kind: 'and' | 'or';
  /** Two or more. In `and`, a test of the class stands first. */
  readonly parts: readonly FormulaNode[];
}

interface NotNode {
  readonly kind: 'not';
  readonly part: FormulaNode;
}
