import type { Finding, Path } from './findings.js';
import type { Match } from './match.js';
import { RULE_LIMITS, type RuleSet } from './rule-set.js';

/** Reads a tcpdump expression: how many conditions it has. Throws when it isn't one. */
export type ExpressionReader = (text: string) => number;

/**
 * Matches that stand too deep in one another. They are looked for in what was read, before any other code follows them
 * down: nobody else has to fear for the stack.
 */
export function tooDeep(root: unknown): Finding[] {
  const rules: unknown = (root as { rules?: unknown } | null | undefined)?.rules;
  if (!Array.isArray(rules)) return [];
  return rules.flatMap((rule: { match?: unknown } | null | undefined, i) =>
    depthExceeds(rule?.match, RULE_LIMITS.depth)
      ? [{ path: ['rules', i, 'match'], message: `stands more than ${RULE_LIMITS.depth} deep in all, any and not` }]
      : [],
  );
}

function depthExceeds(match: unknown, depth: number): boolean {
  if (typeof match !== 'object' || match === null) return false;
  const { all, any, not } = match as { all?: unknown; any?: unknown; not?: unknown };
  const inner = [all, any].flatMap((list) => (Array.isArray(list) ? (list as unknown[]) : []));
  if (not !== undefined) inner.push(not);
  return inner.length > 0 && (depth === 0 || inner.some((one) => depthExceeds(one, depth - 1)));
}

/** What no single member tells: names that two rules have, conditions without end, expressions that are none. */
export function outOfBounds(ruleSet: RuleSet, readExpression: ExpressionReader): Finding[] {
  const found: Finding[] = [];
  const names = new Map<string, number>();
  let total = 0;
  for (const [i, rule] of ruleSet.rules.entries()) {
    const other = rule.name === undefined ? undefined : names.get(rule.name);
    if (other !== undefined) found.push({ path: ['rules', i, 'name'], message: `is that of rule ${other + 1}, too` });
    else if (rule.name !== undefined) names.set(rule.name, i);
    const path = ['rules', i, 'match'];
    const conditions = countConditions(rule.match, path, readExpression, found);
    if (conditions > RULE_LIMITS.conditionsPerRule) {
      found.push({ path, message: `has ${conditions} conditions; ${RULE_LIMITS.conditionsPerRule} are the most` });
    }
    total += conditions;
  }
  if (total > RULE_LIMITS.conditions) {
    found.push({ path: ['rules'], message: `have ${total} conditions; ${RULE_LIMITS.conditions} are the most` });
  }
  return found;
}

function countConditions(match: Match, path: Path, readExpression: ExpressionReader, found: Finding[]): number {
  if ('type' in match) return 1;
  if ('not' in match) return countConditions(match.not, [...path, 'not'], readExpression, found);
  if ('expression' in match) {
    try {
      return readExpression(match.expression);
    } catch (error) {
      found.push({ path: [...path, 'expression'], message: `can't be read: ${(error as Error).message}` });
      return 0;
    }
  }
  const [key, list] = 'all' in match ? (['all', match.all] as const) : (['any', match.any] as const);
  return list.reduce((sum, one, i) => sum + countConditions(one, [...path, key, i], readExpression, found), 0);
}
