import type { Action } from './action.js';
import { alternatives, type Facts } from './facts.js';
import { isDisjoint, isSubset, union } from './range-set.js';
import type { RuleSet } from './rule-set.js';
import { ruleLabel } from './rules-error.js';

/** A rule that can't do anything. */
export interface RuleWarning {
  /** Counts from 0. */
  readonly rule: number;
  readonly name?: string;
  /** The earlier rules that decide about all of its packets, from 0; none for a rule that no packet can match. */
  readonly by: readonly number[];
  /** `never comes to a packet: rule 1 "dns" decides about all of them`. */
  readonly message: string;
}

/** Comparisons of two rules' alternatives, after which no more is looked for: a second or two. (1,024 plain rules take half.) */
const EFFORT = 1_000_000;

/** One alternative of a rule that decides about whatever it matches. */
interface Decided {
  readonly rule: number;
  readonly facts: Facts;
}

/**
 * Warns of rules that no packet comes to: one earlier rule, or several together over one field, decide about all that they
 * match. Also of rules that contradict themselves. What it says is so; there may be more that it doesn't see.
 *
 * @param ruleSet a validated one
 */
export function checkRules(ruleSet: RuleSet): RuleWarning[] {
  const warnings: RuleWarning[] = [];
  const earlier: Decided[] = [];
  let effort = 0;
  for (const [rule, { name, match, action }] of ruleSet.rules.entries()) {
    const possible = alternatives(match).filter((facts) => ![...facts.values()].some((values) => values.length === 0));
    effort += possible.length * earlier.length;
    if (effort > EFFORT) return warnings;
    const covers = possible.map((facts) => cover(facts, earlier));
    if (!covers.includes(undefined)) {
      const by = [...new Set(covers.flatMap((one) => one?.by ?? []))].sort((a, b) => a - b);
      const fields = new Set(covers.flatMap((one) => one?.field ?? []));
      warnings.push({
        rule,
        ...(name === undefined ? {} : { name }),
        by,
        message: `${ruleLabel(rule, name)} ${reason(ruleSet, by, fields)}`,
      });
    } else if (decides(action)) earlier.push(...possible.map((facts) => ({ rule, facts })));
  }
  return warnings;
}

function reason(ruleSet: RuleSet, by: readonly number[], fields: ReadonlySet<string>): string {
  if (by.length === 0) return 'matches no packet: it contradicts itself';
  const labels = by.map((rule) => ruleLabel(rule, ruleSet.rules[rule]!.name));
  if (labels.length === 1) return `never comes to a packet: ${labels[0]} decides about all that it matches`;
  const over = fields.size === 1 ? ` (over ${[...fields][0]})` : '';
  const list = `${labels.slice(0, -1).join(', ')} and ${labels.at(-1)}`;
  return `never comes to a packet: ${list} together decide about all that it matches${over}`;
}

/** Which earlier rules decide about all packets of these facts, and over which field, if it takes several. */
function cover(facts: Facts, earlier: readonly Decided[]): { by: number[]; field?: string } | undefined {
  const byField = new Map<string, Decided[]>();
  for (const decided of earlier) {
    const fields = unmet(decided.facts, facts);
    if (fields.length === 0) return { by: [decided.rule] };
    const field = fields[0]!;
    const values = facts.get(field);
    if (fields.length > 1 || values === undefined || isDisjoint(values, decided.facts.get(field)!)) continue;
    const several = byField.get(field);
    if (several === undefined) byField.set(field, [decided]);
    else several.push(decided);
  }
  for (const [field, several] of byField) {
    const together = union(several.flatMap((decided) => decided.facts.get(field)!));
    if (isSubset(facts.get(field)!, together)) return { by: several.map(({ rule }) => rule), field };
  }
  return undefined;
}

/** The first two fields that `wanted` asks for and `facts` don't promise. */
function unmet(wanted: Facts, facts: Facts): string[] {
  const fields: string[] = [];
  for (const [field, values] of wanted) {
    const own = facts.get(field);
    if (own !== undefined && isSubset(own, values)) continue;
    fields.push(field);
    if (fields.length === 2) break;
  }
  return fields;
}

/** Whether no packet that the rule matches goes on to the next one. */
function decides(action: Action): boolean {
  if (typeof action !== 'object' || !('limit' in action)) return action !== 'count';
  return action.limit.within !== 'count' && action.limit.over !== 'count';
}
