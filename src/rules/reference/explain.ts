import { matchText, plainText, type RuleSet, ruleLabel } from '../model/index.js';
import { type EvaluateOptions, type Evaluation, evaluateRules, noExpressions } from './evaluate.js';
import { failure } from './failure.js';
import { readPacket } from './packet.js';

/** What one rule made of a packet. */
export interface RuleStep {
  /** Counts from 0. */
  readonly rule: number;
  readonly name?: string;
  /** In a few words: `udp-dst 42`. */
  readonly match: string;
  /** The first condition that failed, with the packet's own value; or how the rule matched and let go on. */
  readonly reason: string;
}

export interface Explanation extends Evaluation {
  /** The rules before the one that decided, or all of them. */
  readonly steps: readonly RuleStep[];
  /** `drop by rule 2 "no-42" (udp-dst 42)`. */
  readonly summary: string;
}

/**
 * What becomes of a frame, and why. The words are for people and may change.
 *
 * @param ruleSet a validated one
 */
export function explainRules(ruleSet: RuleSet, bytes: Uint8Array, options: EvaluateOptions = {}): Explanation {
  const evaluation = evaluateRules(ruleSet, bytes, options);
  const { offset = 0, length = bytes.length - offset, expression = noExpressions } = options;
  // The frame as it came in: a swap of its addresses is not what was judged.
  const packet = readPacket(new Uint8Array(bytes.subarray(offset, offset + length)));
  const counted = new Map(evaluation.counts.map((count) => [count.rule, count]));
  const steps = ruleSet.rules
    .slice(0, evaluation.rule ?? ruleSet.rules.length)
    .map(({ name, match }, rule): RuleStep => {
      const count = counted.get(rule);
      const went = count?.isOver ? 'matched over its limit, counted' : 'matched, counted';
      const reason = count === undefined ? failure(match, packet, expression) : went;
      return { rule, ...(name === undefined ? {} : { name }), match: matchText(match), reason };
    });
  return { ...evaluation, steps, summary: summary(ruleSet, evaluation) };
}

function summary(ruleSet: RuleSet, { rule, verdict, counts }: Evaluation): string {
  if (rule === undefined) return 'pass: no rule decides';
  const { name, match, action } = ruleSet.rules[rule]!;
  const isLimited = typeof action === 'object' && 'limit' in action;
  const side = isLimited ? `, ${counts.at(-1)?.isOver ? 'over' : 'within'} its limit` : '';
  return `${plainText(verdict)} by ${ruleLabel(rule, name)} (${matchText(match)})${side}`;
}

/** The summary, and a line for each rule before the one that decided. */
export function explanationText({ summary, steps }: Explanation): string {
  const lines = steps.map(({ rule, name, match, reason }) => `  ${ruleLabel(rule, name)} (${match}): ${reason}`);
  return [summary, ...lines].join('\n');
}
