import { Command } from 'commander';
import { rulesCheckCommand } from './rules-check-command.js';
import { rulesCompileCommand } from './rules-compile-command.js';
import { rulesExplainCommand } from './rules-explain-command.js';
import { installedRulesCommands } from './rules-installed-commands.js';

/** `xdpkit rules …` */
export function rulesCommand(): Command {
  const command = new Command('rules')
    .summary('verdicts written as data: check, explain, load, watch and replace them')
    .description(
      'Rules tell what becomes of the packets that an interface receives: the first one that matches decides, and what none ' +
        'matches passes to the host. docs/rules.md has all of their language. FILE is YAML or JSON; - is standard input.',
    )
    .addCommand(rulesCheckCommand())
    .addCommand(rulesCompileCommand())
    .addCommand(rulesExplainCommand());
  for (const one of installedRulesCommands()) command.addCommand(one);
  return command;
}
