import type { CompiledRules } from './compiler/index.js';
import { type RuleProblem, type RuleSet, RulesError } from './model/index.js';

/**
 * The largest program. Verifiers walk 1,000,000 instructions (BPF_COMPLEXITY_LIMIT_INSNS), and some of them several times: of
 * programs from rules up to three times each.
 */
const MOST_INSTRUCTIONS = 250_000;
/** MAX_USED_MAPS */
const MOST_MAPS = 64;
/** Bytes of one map that the kernel could still be asked for: 4 GiB. */
const MOST_BYTES = 2 ** 32;

/** Why the program of a valid rule set would not load: none for one that will. Each names the rule that passes a bound, if one does. */
export function loadProblems(ruleSet: RuleSet, { program, maps, blocks, sockets }: CompiledRules): RuleProblem[] {
  const problems: RuleProblem[] = [];
  const { length } = program.instructions;
  if (length > MOST_INSTRUCTIONS) {
    const passing = blocks.find(({ to }) => to > MOST_INSTRUCTIONS)?.rule;
    const why = `the program up to here has more than ${thousands(MOST_INSTRUCTIONS)} instructions (${thousands(length)} in all): with more, a verifier may have to walk more than the 1,000,000 that it walks`;
    problems.push(problemAt(ruleSet, passing, 'match', why));
  }
  if (maps.length > MOST_MAPS) {
    const { name } = sockets[Math.max(0, sockets.length - (maps.length - MOST_MAPS))] ?? { name: undefined };
    const passing = ruleSet.rules.findIndex(({ action }) => name !== undefined && leadsTo(action, name));
    const why = `the program would have ${maps.length} maps, one for each name of a socket; a program may have ${MOST_MAPS}`;
    problems.push(problemAt(ruleSet, passing < 0 ? undefined : passing, 'action', why));
  }
  for (const { name, keySize, valueSize, maxEntries } of maps) {
    const bytes = (keySize + valueSize) * maxEntries;
    const why = `the map ${name} would have ${thousands(bytes)} bytes; ${thousands(MOST_BYTES)} are too many`;
    if (bytes >= MOST_BYTES) problems.push(problemAt(ruleSet, undefined, '', why));
  }
  return problems;
}

/** @throws RulesError (XDP_ERR_RULES) for rules that would not load */
export function requireLoadable(ruleSet: RuleSet, compiled: CompiledRules): void {
  const problems = loadProblems(ruleSet, compiled);
  if (problems.length > 0) throw new RulesError(problems);
}

function problemAt({ rules }: RuleSet, index: number | undefined, member: string, why: string): RuleProblem {
  const message = `can't be loaded: ${why}`;
  if (index === undefined) return { path: 'rules', message };
  const { name } = rules[index]!;
  return { rule: index + 1, ...(name === undefined ? {} : { name }), path: `rules.${index}.${member}`, message };
}

function leadsTo(action: unknown, socket: string): boolean {
  return JSON.stringify(action).includes(JSON.stringify({ socket }));
}

function thousands(number: number): string {
  return number.toLocaleString('en-US');
}
