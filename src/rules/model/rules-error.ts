import { XdpError } from '../../sys/index.js';

/** One thing that is wrong with a rule set. */
export interface RuleProblem {
  /** `edge.yaml`, where the rules came from a file. */
  readonly file?: string;
  /** Both count from 1. */
  readonly line?: number;
  readonly column?: number;
  /** Counts from 1; its name, if it has one. */
  readonly rule?: number;
  readonly name?: string;
  /** Where it stands in the rule set: `rules.1.match.port`. */
  readonly path: string;
  /** `port is 0 to 65535, not 70000`. */
  readonly message: string;
}

/** Problems shown in the message; `problems` has them all. */
const SHOWN = 20;

/** XDP_ERR_RULES: everything that is wrong with a rule set. */
export class RulesError extends XdpError {
  override readonly name: string = 'RulesError';
  /** In the order they stand in the file, if they came from one. */
  readonly problems: readonly RuleProblem[];

  constructor(problems: readonly RuleProblem[]) {
    const lines = problems.slice(0, SHOWN).map(problemText);
    const rest = problems.length - lines.length;
    if (rest > 0) lines.push(`and ${rest} more`);
    super('XDP_ERR_RULES', lines.join('\n'));
    this.problems = problems;
  }

  override toJSON(): Record<string, unknown> {
    return { ...super.toJSON(), problems: this.problems };
  }
}

/** `edge.yaml:7:12: rule 2 "web": port is 0 to 65535, not 70000`. */
export function problemText({ file, line, column, rule, name, message }: RuleProblem): string {
  const place = [file, line, column].filter((part) => part !== undefined).join(':');
  const label = rule === undefined ? '' : ruleLabel(rule - 1, name);
  return [place, label, message].filter((part) => part !== '').join(': ');
}

/** How a rule is named to people: `rule 2 "web"`. @param index counts from 0 */
export function ruleLabel(index: number, name: string | undefined): string {
  return name === undefined ? `rule ${index + 1}` : `rule ${index + 1} ${JSON.stringify(name)}`;
}
