import { Command, Option } from 'commander';
import type { XdpMode } from '../kernel/index.js';
import { clearStaleRules, InstalledRules, installRules, listInstalledRules, type RulesPlace } from '../policy/index.js';
import { placeProblems, type RuleSet, RulesError, writeRules } from '../rules/index.js';
import { XdpError } from '../sys/index.js';
import { duration } from './arguments.js';
import { printJson, printNote } from './output.js';
import { openRuleFile, rulesOf } from './rule-file.js';
import { confirmWithin } from './rules-confirmation.js';
import { rulesStatsCommand } from './rules-stats-command.js';
import { forgetRules, restoreRules, SAVED_RULES, saveRules } from './saved-rules.js';
import { withStopSignals } from './stop-signals.js';

interface PlaceFlags extends RulesPlace {
  readonly json?: true;
}

interface ChangeFlags extends PlaceFlags {
  /** Milliseconds. */
  readonly confirm?: number;
  readonly save?: true;
}

interface LoadFlags extends ChangeFlags {
  readonly mode: XdpMode | 'auto';
  readonly force?: true;
}

/** Those that work on what is installed. */
export function installedRulesCommands(): Command[] {
  return [
    loadCommand(),
    showCommand(),
    rulesStatsCommand(),
    replaceCommand(),
    confirmCommand(),
    unloadCommand(),
    restoreCommand(),
  ];
}

const PRIVILEGES = `
It needs CAP_NET_ADMIN, CAP_BPF and CAP_SYS_ADMIN (root has them all). Exit codes: 0 done, 1 failure, 2 usage, 3 not
permitted, 4 unsupported, 5 conflict, 130 ended by Ctrl-C.`;

const confirmOption = () =>
  new Option(
    '--confirm <time>',
    'roll back unless Enter is pressed within this time, or xdpkit rules confirm is run elsewhere',
  ).argParser(duration);
const modeOption = () =>
  new Option('-m, --mode <mode>', 'where the rules run').choices(['native', 'generic', 'auto']).default('auto');
const withPlace = (command: Command): Command =>
  command
    .option('--netns <name>', 'network namespace of the interface, by name or path')
    .option('--json', 'print one line of JSON');

function loadCommand(): Command {
  return withPlace(new Command('load'))
    .summary('install rules on an interface')
    .description('Install rules on an interface. They stay when the command ends: xdpkit rules unload takes them off.')
    .argument('<if>', 'an interface')
    .argument('<file>', 'a rule file, YAML or JSON')
    .addOption(modeOption())
    .option('-f, --force', 'take an interface although it carries the default route or this session')
    .addOption(confirmOption())
    .option('--save', `keep the rules in ${SAVED_RULES}, for xdpkit rules restore`)
    .addHelpText(
      'after',
      `
Examples:
  xdpkit rules load eth1 edge.yaml
  xdpkit rules load eth0 edge.yaml --force --confirm 30     gone again after 30 seconds, unless it is confirmed
${PRIVILEGES}`,
    )
    .action((name: string, file: string, flags: LoadFlags) =>
      withStopSignals((signal) => load(name, file, flags, signal)),
    );
}

async function load(name: string, file: string, flags: LoadFlags, signal: AbortSignal): Promise<void> {
  const { netns, mode, force } = flags;
  const trial = flags.confirm !== undefined;
  using installed = await withRuleFile(file, (rules) =>
    installRules(name, rules, { netns, mode, force, trial, signal }),
  );
  for (const notice of installed.notices) if (!flags.json) printNote(notice);
  await confirmWithin(installed, flags, signal);
  if (process.exitCode) return;
  if (flags.save) saveRules(installed.interface, installed.rules);
  const { notices } = installed;
  if (flags.json) printJson('rules', { ...describe(installed), notices });
  else process.stdout.write(`${headline(installed)}\n`);
}

function replaceCommand(): Command {
  return withPlace(new Command('replace'))
    .summary('put other rules in the place of those on an interface')
    .description(
      'Put other rules in the place of those on an interface. Each packet is judged by the old rules or by the new ones, and ' +
        'counters of rules whose name stays go on.',
    )
    .argument('<if>', 'an interface')
    .argument('<file>', 'a rule file, YAML or JSON')
    .addOption(confirmOption())
    .option('--save', `keep the rules in ${SAVED_RULES}, for xdpkit rules restore`)
    .addHelpText('after', PRIVILEGES)
    .action((name: string, file: string, flags: ChangeFlags) =>
      withStopSignals((signal) => replace(name, file, flags, signal)),
    );
}

async function replace(name: string, file: string, flags: ChangeFlags, signal: AbortSignal): Promise<void> {
  using installed = InstalledRules.open(name, flags);
  const notices = await withRuleFile(file, (rules) =>
    installed.replace(rules, { trial: flags.confirm !== undefined, signal }),
  );
  for (const notice of notices) if (!flags.json) printNote(notice);
  await confirmWithin(installed, flags, signal);
  if (process.exitCode) return;
  if (flags.save) saveRules(installed.interface, installed.rules);
  if (flags.json) printJson('rules', { ...describe(installed), notices });
  else process.stdout.write(`${headline(installed)}\n`);
}

function showCommand(): Command {
  return withPlace(new Command('show'))
    .summary('show installed rules')
    .description('Show the rules on an interface, as a rule file; or which interfaces have rules.')
    .argument('[if]', 'an interface')
    .option('--yaml', 'only the rule file, as YAML')
    .addHelpText('after', PRIVILEGES)
    .action((name: string | undefined, flags: PlaceFlags & { readonly yaml?: true }) => {
      const all = name === undefined ? listInstalledRules(flags) : [InstalledRules.open(name, flags)];
      try {
        show(all, flags);
      } finally {
        for (const one of all) one.close();
      }
    });
}

function show(all: readonly InstalledRules[], { json, yaml }: PlaceFlags & { readonly yaml?: true }): void {
  if (json) {
    printJson('rules', { interfaces: all.map((one) => ({ ...describe(one), rules: one.rules.rules })) });
    return;
  }
  for (const one of all) {
    // A comment, so that all of it can be read as a rule file.
    if (!yaml || all.length > 1) process.stdout.write(`# ${headline(one)}\n`);
    process.stdout.write(writeRules(one.rules));
  }
  if (all.length === 0) printNote('no interface has rules');
}

function confirmCommand(): Command {
  return withPlace(new Command('confirm'))
    .summary('make rules last that were loaded or replaced with --confirm')
    .argument('<if>', 'an interface')
    .addHelpText('after', PRIVILEGES)
    .action(async (name: string, flags: PlaceFlags) => {
      using installed = InstalledRules.open(name, flags);
      const was = installed.trial;
      await installed.confirm();
      if (flags.json) printJson('rules', describe(installed));
      else
        process.stdout.write(was ? `confirmed: ${headline(installed)}\n` : `nothing waits: ${headline(installed)}\n`);
    });
}

function unloadCommand(): Command {
  return withPlace(new Command('unload'))
    .summary('take the rules off an interface')
    .argument('<if>', 'an interface')
    .option('--save', `take them out of ${SAVED_RULES}, too`)
    .addHelpText('after', PRIVILEGES)
    .action(async (name: string, flags: PlaceFlags & { readonly save?: true }) => {
      const notices = await clearStaleRules();
      if (!flags.json) for (const notice of notices) printNote(notice);
      const cleared = notices.some((notice) => notice.includes(` ${name},`));
      await unload(name, flags, cleared);
      if (flags.save) forgetRules(name);
      if (flags.json) printJson('unloaded', { interface: name, notices });
    });
}

/** @param cleared what was there has gone with its interface: then there is nothing left to do */
async function unload(name: string, flags: PlaceFlags, cleared: boolean): Promise<void> {
  try {
    using installed = InstalledRules.open(name, flags);
    await installed.unload();
  } catch (error) {
    const gone = error instanceof XdpError && ['XDP_ERR_NOT_INSTALLED', 'XDP_ERR_NO_INTERFACE'].includes(error.code);
    if (!cleared || !gone) throw error;
  }
}

function restoreCommand(): Command {
  return withPlace(new Command('restore'))
    .summary('install saved rules again, as at boot')
    .description(
      `Install the rules in ${SAVED_RULES}, IF.yaml or IF.json, on each interface that is there and has none.`,
    )
    .addOption(new Option('--directory <path>', 'where they are').default(SAVED_RULES))
    .addOption(modeOption())
    .addHelpText('after', PRIVILEGES)
    .action(async (flags: PlaceFlags & { readonly directory: string; readonly mode: XdpMode | 'auto' }) => {
      process.exitCode = await restoreRules(flags);
    });
}

/** Reads rules and uses them. What is wrong with them is told by line, also where it comes up later. */
async function withRuleFile<T>(path: string, use: (rules: RuleSet) => Promise<T>): Promise<T> {
  const file = openRuleFile(path);
  const rules = rulesOf(file);
  try {
    return await use(rules);
  } catch (error) {
    if (!(error instanceof RulesError)) throw error;
    throw new RulesError(placeProblems(error.problems, file.text, file.name));
  }
}

function describe(installed: InstalledRules): object {
  const { interface: name, mode, programId, linkId, installed: since, trial } = installed;
  const rules = installed.rules.rules.length;
  return { interface: name, mode, programId, linkId, rules, installed: since, ...(trial && { unconfirmed: trial }) };
}

function headline(installed: InstalledRules): string {
  const { interface: name, mode, programId, trial } = installed;
  const count = installed.rules.rules.length;
  const waits = trial ? ', not confirmed' : '';
  const since = installed.installed.toISOString();
  return `${name}: ${count} ${count === 1 ? 'rule' : 'rules'} in ${mode} mode (program ${programId}, since ${since}${waits})`;
}
