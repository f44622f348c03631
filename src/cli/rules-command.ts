import { Command } from 'commander';
import { rulesCheckCommand } from './rules-check-command.js';
import { rulesCompileCommand } from './rules-compile-command.js';
import { rulesExplainCommand } from './rules-explain-command.js';

/** `xdpkit rules …` */
export function rulesCommand(): Command {
  return new Command('rules')
    .summary('say what becomes of packets: check, compile and explain rules')
    .description(
      'Rules tell what becomes of the packets that an interface receives: the first one that matches decides, and what none ' +
        'matches passes to the host. docs/rules.md has all of their language. FILE is YAML or JSON; - is standard input.',
    )
    .addCommand(rulesCheckCommand())
    .addCommand(rulesCompileCommand())
    .addCommand(rulesExplainCommand());
}
