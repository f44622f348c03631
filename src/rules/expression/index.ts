export { type ExpressionLabels, type ExpressionState, emitExpression } from './emit.js';
export { matchesExpression } from './evaluate.js';
export { parseExpression } from './parser.js';
export type {
  Arithmetic,
  ArithmeticSign,
  Expression,
  Load,
  Operation,
  Relation,
  RelationOperator,
} from './tree.js';
