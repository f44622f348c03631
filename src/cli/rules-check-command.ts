import { styleText } from 'node:util';
import { Command } from 'commander';
import {
  type CompiledRules,
  checkRules,
  compileRuleSet,
  loadProblems,
  placeProblems,
  problemText,
  type RuleProblem,
  type RuleSet,
  RulesError,
  type RuleWarning,
} from '../rules/index.js';
import { ERROR_CODES, XdpError } from '../sys/index.js';
import { printJson } from './output.js';
import { openRuleFile, type RuleFile, rulesOf } from './rule-file.js';
import { type VerifierFigures, verifyRules } from './verify-rules.js';

interface Flags {
  readonly verify?: true;
  readonly json?: true;
}

export function rulesCheckCommand(): Command {
  return new Command('check')
    .summary('say what is wrong with a rule file')
    .description(
      'Read a rule file, and say all that is wrong with it: by line and rule. It warns of rules that no packet comes to, and says ' +
        'what could not be loaded.',
    )
    .argument('<file>', 'YAML or JSON; - is standard input')
    .option('--verify', 'have the kernel verify the program as well (CAP_BPF, CAP_NET_ADMIN, CAP_PERFMON)')
    .option('--json', 'print one line of JSON')
    .addHelpText('after', '\nExit codes: 0 it can be loaded, 1 it can not, 2 usage, 3 not permitted (--verify).')
    .action((path: string, flags: Flags) => {
      const report = check(openRuleFile(path), flags);
      if (flags.json) printJson('check', fromOne(report));
      else for (const line of linesOf(report)) process.stdout.write(`${line}\n`);
      process.exitCode = report.errors.length > 0 ? 1 : 0;
    });
}

interface Report {
  readonly file: string;
  readonly errors: readonly RuleProblem[];
  readonly warnings: readonly RuleWarning[];
  /** What works otherwise than may be thought. */
  readonly notes: readonly string[];
  readonly rules?: number;
  readonly program?: { readonly instructions: number; readonly maps: number };
  readonly verifier?: VerifierFigures;
}

function check(file: RuleFile, { verify }: Flags): Report {
  const empty: Report = { file: file.name, errors: [], warnings: [], notes: [] };
  const refused = (message: string): RuleProblem => ({ file: file.name, path: '', message });
  let ruleSet: RuleSet;
  try {
    ruleSet = rulesOf(file);
  } catch (error) {
    if (error instanceof RulesError) return { ...empty, errors: error.problems };
    throw error;
  }
  const checked: Report = { ...empty, rules: ruleSet.rules.length, warnings: checkRules(ruleSet) };
  let compiled: CompiledRules;
  try {
    compiled = compileRuleSet(ruleSet);
  } catch (error) {
    if (!(error instanceof XdpError) || error.code === 'XDP_ERR_INTERNAL') throw error;
    return { ...checked, errors: [refused(`can't be compiled: ${error.message}`)] };
  }
  const { program, maps, warnings: notes } = compiled;
  const sized = { ...checked, notes, program: { instructions: program.instructions.length, maps: maps.length } };
  const problems = loadProblems(ruleSet, compiled);
  if (problems.length > 0) return { ...sized, errors: placeProblems(problems, file.text, file.name) };
  if (!verify) return sized;
  try {
    return { ...sized, verifier: verifyRules(compiled) };
  } catch (error) {
    // That it is not permitted says nothing about the rules.
    if (!(error instanceof XdpError) || error.exitCode !== ERROR_CODES.XDP_ERR_VERIFIER.exit) throw error;
    return { ...sized, errors: [refused(error.message)] };
  }
}

function linesOf({ file, errors, warnings, notes, rules, program, verifier }: Report): string[] {
  const stream = { stream: process.stdout };
  const error = styleText('red', 'error:', stream);
  const warning = styleText('yellow', 'warning:', stream);
  const lines = [
    ...errors.map((problem) => `${error} ${problemText(problem)}`),
    ...warnings.map(({ message }) => `${warning} ${file}: ${message}`),
    ...notes.map((note) => `note: ${file}: ${note}`),
  ];
  if (errors.length > 0) return lines;
  const sizes = program && `, ${counted(program.instructions, 'instruction')}, ${counted(program.maps, 'map')}`;
  lines.push(`${file}: ${counted(rules ?? 0, 'rule')}${sizes ?? ''}`);
  if (verifier !== undefined) {
    const { processed, peakStates, microseconds } = verifier;
    const time = microseconds === undefined ? '' : ` in ${(microseconds / 1000).toFixed(1)} ms`;
    lines.push(
      `the kernel's verifier takes it: ${counted(processed, 'instruction')} walked${time}, ${peakStates} states at most`,
    );
  }
  return lines;
}

function counted(count: number, what: string): string {
  return `${count.toLocaleString('en-US')} ${what}${count === 1 ? '' : 's'}`;
}

/** People count rules from 1; so do the errors. */
function fromOne(report: Report): object {
  const warnings = report.warnings.map(({ rule, by, ...rest }) => ({
    rule: rule + 1,
    by: by.map((one) => one + 1),
    ...rest,
  }));
  return { ...report, warnings };
}
