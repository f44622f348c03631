import { Command, Option } from 'commander';
import { askSteering } from '../daemon/index.js';
import { wholeNumber } from './arguments.js';
import { whole } from './bridge-table.js';
import { printJson } from './output.js';

interface Flags {
  readonly count: number;
  readonly target?: string;
  readonly json?: true;
}

export function quicTopCommand(): Command {
  return new Command('top')
    .summary('the connection IDs with the most packets')
    .description(
      'List the connection IDs with the most packets since a steering that runs was started, each with the backend that it names.',
    )
    .addOption(new Option('-n, --count <n>', 'how many').argParser(wholeNumber(1, 65_536)).default(20))
    .option('-t, --target <name|pid>', 'which run (default: the only one)')
    .option('--json', 'print a JSON line: top')
    .action(async ({ count, target, json }: Flags) => {
      const ids = await askSteering(target, { type: 'top', count });
      if (json) {
        printJson('top', { ids });
        return;
      }
      const widest = Math.max(7, ...ids.map(({ packets }) => whole(packets).length));
      process.stdout.write(`${'packets'.padStart(widest)}  backend     connection ID\n`);
      for (const { id, packets, backend } of ids) {
        process.stdout.write(`${whole(packets).padStart(widest)}  ${String(backend ?? '-').padEnd(10)}  ${id}\n`);
      }
    });
}
