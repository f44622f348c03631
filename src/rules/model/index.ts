export type {
  Action,
  InterfaceAction,
  Limit,
  LimitAction,
  PlainAction,
  ProgramAction,
  SocketAction,
  SourceLengths,
  SteerAction,
} from './action.js';
export { actionText, plainText } from './action-text.js';
export { hexBytes, ipText, maskAddress, type Prefix, parsePrefix, prefixText } from './addresses.js';
export type { ExpressionReader } from './bounds.js';
export { checkRules, type RuleWarning } from './check-rules.js';
export { LIMIT_TICKS, type LimitArithmetic, limitArithmetic, limitCost } from './limit.js';
export type { AllMatch, AnyMatch, ExpressionMatch, Match, MatchType, NotMatch, TypedMatch } from './match.js';
export { matchText } from './match-text.js';
export { type NumberRange, type Numbers, type OneOrMore, type Range, toList, toRanges } from './numbers.js';
export type * from './packet-match.js';
export { placeProblems, readRules, writeRules } from './read-rules.js';
export { readText } from './read-text.js';
export { RULE_LIMITS, type Rule, type RuleSet } from './rule-set.js';
export { rulesJsonSchema } from './rule-set-schema.js';
export { problemText, type RuleProblem, RulesError, ruleLabel } from './rules-error.js';
export { type ValidateOptions, validateRules } from './validate-rules.js';
export type * from './windows-match.js';
