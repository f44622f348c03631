import { Command } from 'commander';
import { InstalledRules } from '../policy/index.js';
import { describe, headline, type PlaceFlags, PRIVILEGES, withPlace } from './installed-rules.js';
import { printJson } from './output.js';

export function rulesConfirmCommand(): Command {
  return withPlace(new Command('confirm'))
    .summary('make rules last that were loaded or replaced with --confirm')
    .description('Make rules last that were loaded or replaced with --confirm, and wait for somebody to say so.')
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
