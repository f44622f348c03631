export { type EvaluateOptions, type Evaluation, evaluateRules, type RuleCount, type Verdict } from './evaluate.js';
export { type Explanation, explainRules, explanationText, type RuleStep } from './explain.js';
export { LimitState } from './limits.js';
export type { ExpressionTest } from './matches.js';
export { type IpHeader, type Packet, readPacket } from './packet.js';
