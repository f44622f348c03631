import { Command } from 'commander';
import { clearStaleRules, InstalledRules } from '../policy/index.js';
import { XdpError } from '../sys/index.js';
import { type PlaceFlags, PRIVILEGES, withPlace } from './installed-rules.js';
import { printJson, printNote } from './output.js';
import { forgetRules, SAVED_RULES } from './saved-rules.js';

interface Flags extends PlaceFlags {
  readonly save?: true;
}

export function rulesUnloadCommand(): Command {
  return withPlace(new Command('unload'))
    .summary('take the rules off an interface')
    .description('Take the rules off an interface: all packets pass to the host again.')
    .argument('<if>', 'an interface')
    .option('--save', `take them out of ${SAVED_RULES}, too`)
    .addHelpText('after', PRIVILEGES)
    .action(async (name: string, flags: Flags) => {
      const notices = await clearStaleRules();
      if (!flags.json) for (const notice of notices) printNote(notice);
      const cleared = notices.some((notice) => notice.includes(` ${name},`));
      // Also where they are not installed (any more): then it is the file that was meant.
      if (flags.save) forgetRules(name);
      await unload(name, flags, cleared);
      if (flags.json) printJson('unloaded', { interface: name, notices });
      else process.stdout.write(`${name}: no rules any more\n`);
    });
}

/** @param cleared what was there has gone with its interface: then there is nothing left to do */
async function unload(name: string, flags: Flags, cleared: boolean): Promise<void> {
  try {
    using installed = InstalledRules.open(name, flags);
    await installed.unload();
  } catch (error) {
    const gone = error instanceof XdpError && ['XDP_ERR_NOT_INSTALLED', 'XDP_ERR_NO_INTERFACE'].includes(error.code);
    if (!cleared || !gone) throw error;
  }
}
