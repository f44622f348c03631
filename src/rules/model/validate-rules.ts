import { type ExpressionReader, outOfBounds, tooDeep } from './bounds.js';
import { type Finding, findings, type Path, valueAt } from './findings.js';
import type { RuleSet } from './rule-set.js';
import { ruleSetSchema } from './rule-set-schema.js';
import { type RuleProblem, RulesError } from './rules-error.js';

export interface ValidateOptions {
  /** What problems name as their file. */
  readonly file?: string;
  /** Reads tcpdump expressions. Default: each is taken for one condition, unread. */
  readonly expression?: ExpressionReader;
}

/** Where something stands in a file; `key` is a member's name that is meant instead of its value. */
export type Locate = (path: Path, key: string | undefined) => { line: number; column: number } | undefined;

/**
 * Reads what somebody says is a rule set. The result is in canonical form: addresses and prefixes as RFC 5952 writes
 * them, bytes in lower case, numbers in decimal.
 *
 * @throws RulesError (XDP_ERR_RULES) with everything that is wrong
 */
export function validateRules(value: unknown, options: ValidateOptions = {}): RuleSet {
  return validateAt(value, options, () => undefined);
}

/** The same for what came from a file. */
export function validateAt(value: unknown, options: ValidateOptions, locate: Locate): RuleSet {
  const refuse = (found: readonly Finding[]) => {
    const problems = found.map((one) => problemOf(one, value, options.file, locate));
    return new RulesError(problems.sort((a, b) => (a.line ?? 0) - (b.line ?? 0) || (a.column ?? 0) - (b.column ?? 0)));
  };
  const deep = tooDeep(value);
  if (deep.length > 0) throw refuse(deep);
  const result = ruleSetSchema.safeParse(value);
  const found = result.success
    ? outOfBounds(result.data, options.expression ?? (() => 1))
    : findings(result.error.issues, value);
  if (found.length > 0) throw refuse(found);
  return result.data!;
}

function problemOf(found: Finding, root: unknown, file: string | undefined, locate: Locate): RuleProblem {
  const { path, key } = found;
  const index = path[0] === 'rules' && typeof path[1] === 'number' ? path[1] : undefined;
  const name = index === undefined ? undefined : valueAt(root, ['rules', index, 'name']);
  return {
    ...(file === undefined ? {} : { file }),
    ...locate(path, key),
    ...(index === undefined ? {} : { rule: index + 1 }),
    ...(typeof name === 'string' ? { name } : {}),
    path: [...path, ...(key === undefined ? [] : [key])].join('.'),
    message: `${subject(path, index !== undefined)} ${found.message}`,
  };
}

/** What a sentence is about: `ports[2]`, `all[0].port`, `limit.burst`. */
function subject(path: Path, isInRule: boolean): string {
  let members = path.slice(isInRule ? 2 : 0);
  if (isInRule && members.length > 1) members = members.slice(1);
  if (members.length === 0) return isInRule ? 'it' : 'the rule set';
  return members
    .map((member, i) => (typeof member === 'number' ? `[${member}]` : `${i > 0 ? '.' : ''}${String(member)}`))
    .join('');
}
