import { Command, Option } from 'commander';
import { findRun, listRuns, type Run, stopRun } from '../daemon/index.js';
import { XdpError } from '../sys/index.js';
import { duration } from './arguments.js';
import { printJson } from './output.js';

interface Flags {
  readonly all?: true;
  readonly timeout: number;
  readonly json?: true;
}

export function stopCommand(): Command {
  return new Command('stop')
    .summary('end what runs')
    .description(
      'End a bridge or mirror in order, and wait until it has given its interfaces back. Without a name: the only one ' +
        'that runs.',
    )
    .argument('[name|pid]', 'which one')
    .option('--all', 'all of them')
    .addOption(new Option('--timeout <time>', 'how long to wait').argParser(duration).default(10_000, '10s'))
    .option('--json', 'print a JSON line for each: stopped')
    .addHelpText('after', EXAMPLES)
    .action(async (target: string | undefined, flags: Flags) => {
      for (const run of chosen(target, flags)) {
        await stopRun(run, flags.timeout);
        if (flags.json) printJson('stopped', { name: run.name, pid: run.pid });
        else process.stdout.write(`${run.name} (process ${run.pid}) has ended\n`);
      }
    });
}

const EXAMPLES = `
Examples:
  xdpkit stop                   the only one
  xdpkit stop edge              by its name; xdpkit status lists names
  xdpkit stop 1234 --timeout 30 by its process, and wait up to 30 seconds

Exit codes: 0 it has ended, 1 nothing of that name runs, 3 it is another user's, 5 it goes on.`;

function chosen(target: string | undefined, { all }: Flags): Run[] {
  if (all && target !== undefined) throw new XdpError('XDP_ERR_USAGE', 'a name and --all exclude each other');
  return all ? listRuns() : [findRun(target)];
}
