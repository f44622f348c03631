import { Command } from 'commander';
import { type InstalledRules, listInstalledRules } from '../policy/index.js';
import { writeRules } from '../rules/index.js';
import {
  describe,
  endOverdue,
  headline,
  openInstalled,
  type PlaceFlags,
  PRIVILEGES,
  withPlace,
} from './installed-rules.js';
import { printJson, printNote } from './output.js';

interface Flags extends PlaceFlags {
  readonly yaml?: true;
}

export function rulesShowCommand(): Command {
  return withPlace(new Command('show'))
    .summary('show installed rules')
    .description('Show the rules on an interface, as a rule file; or which interfaces have rules.')
    .argument('[if]', 'an interface')
    .option('--yaml', 'only the rule file, as YAML')
    .addHelpText('after', PRIVILEGES)
    .action(async (name: string | undefined, flags: Flags) => {
      if (name === undefined) await endAllOverdue(flags);
      const all = name === undefined ? listInstalledRules(flags) : [await openInstalled(name, flags)];
      try {
        show(all, flags);
      } finally {
        for (const one of all) one.close();
      }
    });
}

/** Before anything is shown: where rules were new, there are none any more. */
async function endAllOverdue(flags: Flags): Promise<void> {
  for (const one of listInstalledRules(flags)) {
    using installed = one;
    await endOverdue(installed, flags);
  }
}

function show(all: readonly InstalledRules[], { json, yaml }: Flags): void {
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
