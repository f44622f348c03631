import { Command, Option } from 'commander';
import type { XdpMode } from '../kernel/index.js';
import { type InstalledRules, installRules } from '../policy/index.js';
import { placeProblems, type RuleSet, RulesError } from '../rules/index.js';
import { duration } from './arguments.js';
import {
  describe,
  headline,
  modeOption,
  openInstalled,
  type PlaceFlags,
  PRIVILEGES,
  withPlace,
} from './installed-rules.js';
import { forceOption } from './interface-options.js';
import { printJson, printNote } from './output.js';
import { openRuleFile, rulesOf } from './rule-file.js';
import { waitForConfirmation } from './rules-confirmation.js';
import { SAVED_RULES, savedMode, saveRules } from './saved-rules.js';
import { withStopSignals } from './stop-signals.js';

interface ChangeFlags extends PlaceFlags {
  /** Milliseconds. */
  readonly confirm?: number;
  readonly save?: true;
}

interface LoadFlags extends ChangeFlags {
  readonly mode: XdpMode | 'auto';
  readonly force?: true;
}

const confirmOption = () =>
  new Option(
    '--confirm <time>',
    'roll back unless Enter is pressed within this time, or xdpkit rules confirm is run elsewhere',
  ).argParser(duration);
// What is saved is for the boot, when other namespaces are not there.
const saveOption = () =>
  new Option('--save', `keep the rules in ${SAVED_RULES}, for xdpkit rules restore`).conflicts('netns');

export function rulesLoadCommand(): Command {
  return withPlace(new Command('load'))
    .summary('install rules on an interface')
    .description('Install rules on an interface. They stay when the command ends: xdpkit rules unload takes them off.')
    .argument('<if>', 'an interface')
    .argument('<file>', 'a rule file, YAML or JSON; - is standard input')
    .addOption(modeOption())
    .addOption(forceOption())
    .addOption(confirmOption())
    .addOption(saveOption())
    .addHelpText(
      'after',
      `
Examples:
  xdpkit rules load eth1 edge.yaml
  xdpkit rules load eth0 edge.yaml --force --confirm 30     gone again after 30 seconds, unless it is confirmed
${PRIVILEGES}`,
    )
    .action((name: string, file: string, flags: LoadFlags) =>
      withStopSignals(async (signal) => {
        const { netns, mode, force, confirm: confirmWithin } = flags;
        using installed = await withRules(file, (rules) =>
          installRules(name, rules, { netns, mode, force, confirmWithin, signal }),
        );
        await finish(installed, installed.notices, flags, mode, signal);
      }),
    );
}

export function rulesReplaceCommand(): Command {
  return withPlace(new Command('replace'))
    .summary('put other rules in the place of those on an interface')
    .description(
      'Put other rules in the place of those on an interface. Each packet is judged by the old rules or by the new ones, and ' +
        'counters of rules whose name stays go on.',
    )
    .argument('<if>', 'an interface')
    .argument('<file>', 'a rule file, YAML or JSON; - is standard input')
    .addOption(confirmOption())
    .addOption(saveOption())
    .addHelpText('after', PRIVILEGES)
    .action((name: string, file: string, flags: ChangeFlags) =>
      withStopSignals(async (signal) => {
        using installed = await openInstalled(name, flags);
        const notices = await withRules(file, (rules) =>
          installed.replace(rules, { confirmWithin: flags.confirm, signal }),
        );
        await finish(installed, notices, flags, savedMode(name) ?? installed.mode, signal);
      }),
    );
}

/** Reads rules and uses them. What is wrong with them is told by line, also where it comes up later. */
async function withRules<T>(path: string, use: (rules: RuleSet) => Promise<T>): Promise<T> {
  const file = openRuleFile(path);
  const rules = rulesOf(file);
  try {
    return await use(rules);
  } catch (error) {
    if (!(error instanceof RulesError)) throw error;
    throw new RulesError(placeProblems(error.problems, file.text, file.name));
  }
}

/** @param mode that is wanted at boot */
async function finish(
  installed: InstalledRules,
  notices: readonly string[],
  flags: ChangeFlags,
  mode: XdpMode | 'auto',
  signal: AbortSignal,
): Promise<void> {
  for (const notice of notices) if (!flags.json) printNote(notice);
  if (!(await waitForConfirmation(installed, flags, signal))) return;
  if (flags.save) saveRules(installed.interface, installed.rules, mode);
  if (flags.json) printJson('rules', { ...describe(installed), notices });
  else process.stdout.write(`${headline(installed)}\n`);
}
