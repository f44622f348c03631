export { type EvaluateOptions, type Evaluation, evaluateRules, type RuleCount, type Verdict } from './evaluate.js';
export { LimitState } from './limits.js';
export type { ExpressionTest } from './matches.js';
