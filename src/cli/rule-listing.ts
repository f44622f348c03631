import { listing } from '../ebpf/index.js';
import { actionText, type CompiledRules, matchText, type RuleSet, ruleLabel } from '../rules/index.js';

/**
 * The program of a rule set for people: numbered, with a heading where the instructions of a rule begin, and where those
 * begin that are nobody's.
 */
export function rulesListing(ruleSet: RuleSet, { program, blocks }: CompiledRules): string[] {
  const headings = headingsOf(ruleSet, blocks);
  const lines: string[] = [];
  let labels: string[] = [];
  for (const line of listing(program, { numbered: true }).trimEnd().split('\n')) {
    const slot = /^ *(\d+) /.exec(line)?.[1];
    if (slot === undefined) labels.push(line);
    else {
      const heading = headings.get(Number(slot));
      if (heading !== undefined) lines.push('', `; ${heading}`);
      lines.push(...labels, line);
      labels = [];
    }
  }
  return lines[0] === '' ? lines.slice(1) : lines;
}

function headingsOf(ruleSet: RuleSet, blocks: CompiledRules['blocks']): Map<number, string> {
  const headings = new Map([[0, 'what kind of packet it is']]);
  for (const { rule, from, to } of blocks) {
    if (from === to) continue;
    const { name, match, action } = ruleSet.rules[rule]!;
    headings.set(from, `${ruleLabel(rule, name)}: ${matchText(match)} -> ${actionText(action)}`);
    if (!headings.has(to)) headings.set(to, 'no rule of its own');
  }
  return headings;
}
