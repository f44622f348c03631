import { Command } from 'commander';
import { rulesLoadCommand, rulesReplaceCommand } from './rules-change-commands.js';
import { rulesCheckCommand } from './rules-check-command.js';
import { rulesCompileCommand } from './rules-compile-command.js';
import { rulesConfirmCommand } from './rules-confirm-command.js';
import { rulesExplainCommand } from './rules-explain-command.js';
import { rulesRestoreCommand } from './rules-restore-command.js';
import { rulesShowCommand } from './rules-show-command.js';
import { rulesStatsCommand } from './rules-stats-command.js';
import { rulesUnloadCommand } from './rules-unload-command.js';

/** `xdpkit rules …` */
export function rulesCommand(): Command {
  return new Command('rules')
    .summary('verdicts written as data: check, explain, load, watch and replace them')
    .description(
      'Rules tell what becomes of the packets that an interface receives: the first one that matches decides, and what none ' +
        'matches passes to the host. docs/rules.md has all of their language. FILE is YAML or JSON; - is standard input.',
    )
    .addCommand(rulesCheckCommand())
    .addCommand(rulesCompileCommand())
    .addCommand(rulesExplainCommand())
    .addCommand(rulesLoadCommand())
    .addCommand(rulesShowCommand())
    .addCommand(rulesStatsCommand())
    .addCommand(rulesReplaceCommand())
    .addCommand(rulesConfirmCommand())
    .addCommand(rulesUnloadCommand())
    .addCommand(rulesRestoreCommand());
}
