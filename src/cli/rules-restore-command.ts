import { Command, Option } from 'commander';
import { listLinks } from '../netdev/index.js';
import { installRules } from '../policy/index.js';
import { XdpError } from '../sys/index.js';
import { type PlaceFlags, PRIVILEGES, withPlace } from './installed-rules.js';
import { printError, printJson, printNote } from './output.js';
import { openRuleFile, rulesOf } from './rule-file.js';
import { SAVED_RULES, type SavedRules, savedRules } from './saved-rules.js';

interface Flags extends PlaceFlags {
  readonly directory: string;
}

export function rulesRestoreCommand(): Command {
  return withPlace(new Command('restore'))
    .summary('install saved rules again, as at boot')
    .description(
      `Install the rules in ${SAVED_RULES}, IF.yaml or IF.json, on each interface that is there and has none. Rules that are to ` +
        'run in native or generic mode only are in a folder of this name there.',
    )
    .addOption(new Option('--directory <path>', 'where they are').default(SAVED_RULES))
    .addHelpText('after', PRIVILEGES)
    .action(async (flags: Flags) => {
      process.exitCode = await restoreAll(flags);
    });
}

/** One file that fails does not keep the others from it. @returns the exit code */
async function restoreAll(flags: Flags): Promise<number> {
  const { directory, netns, json = false } = flags;
  let exitCode = 0;
  let found = 0;
  for (const { name } of listLinks({ netns })) {
    try {
      const saved = savedRules(directory, name);
      if (saved === undefined) continue;
      found++;
      await restore(name, saved, flags);
    } catch (error) {
      exitCode = printError(error, json);
    }
  }
  if (found === 0 && !json) printNote(`${directory} has no rules for the interfaces that are there`);
  return exitCode;
}

async function restore(name: string, { path, mode }: SavedRules, { netns, json }: Flags): Promise<void> {
  try {
    const rules = rulesOf(openRuleFile(path));
    // Whoever saved them has decided already that the interface may be taken.
    using installed = await installRules(name, rules, { netns, mode, force: true });
    const { notices } = installed;
    if (json) printJson('restored', { interface: name, file: path, mode: installed.mode, notices });
    else for (const line of [`${name}: rules of ${path} are installed`, ...notices]) printNote(line);
  } catch (error) {
    if (!(error instanceof XdpError && error.code === 'XDP_ERR_INSTALLED')) throw error;
    if (!json) printNote(`${name} has rules already: those of ${path} are not installed`);
  }
}
