import { Command } from 'commander';
import { installedRulesCommands } from './rules-installed-commands.js';

export function rulesCommand(): Command {
  const command = new Command('rules')
    .summary('verdicts written as data: check, load, watch and replace them')
    .description('Rules say what becomes of the packets that an interface receives: docs/rules.md describes them.');
  for (const one of installedRulesCommands()) command.addCommand(one);
  return command;
}
