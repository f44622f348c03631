import { Command } from 'commander';
import { XdpError } from '../sys/index.js';
import { addDataPathOptions, type DataPathFlags } from './data-path-options.js';
import { runBridge } from './run-bridge.js';

export function bridgeCommand(): Command {
  const command = new Command('bridge')
    .summary('bridge two interfaces')
    .description(
      'Bridge two interfaces through AF_XDP: every frame that comes in on one leaves by the other. With --callback, any ' +
        'number of interfaces: a function of yours says where each packet goes. Ctrl-C ends it and gives all of them back.',
    )
    .argument('<interfaces...>', 'two; with --callback any number')
    .option(
      '--callback <file>',
      'module whose default export says of each packet where it goes (SIGUSR2 loads it again)',
    );
  return addDataPathOptions(command)
    .addHelpText('after', EXAMPLES)
    .action(async (interfaces: string[], flags: DataPathFlags) => {
      if (interfaces.length === 1 && flags.callback === undefined) {
        throw new XdpError('XDP_ERR_USAGE', 'a bridge has two interfaces; xdpkit mirror looks at one');
      }
      process.exitCode = await runBridge('bridge', interfaces, flags);
    });
}

const EXAMPLES = `
Examples:
  xdpkit bridge eth1 eth2                     until Ctrl-C, with a live table
  xdpkit bridge eth1 eth2 --cpus 2-3          two workers, each on a processor of its own
  xdpkit bridge eth1 eth2 -d 60 --json        one minute, a sample a second as JSON
  xdpkit bridge eth1 eth2 --busy-poll --wait spin         for short delays, at the price of the processor
  xdpkit bridge eth1 eth2 eth3 --callback ./switch.js     three interfaces

While it runs, xdpkit console shows and changes what happens to packets: statistics, tap, drops, faults.

It needs CAP_NET_ADMIN, CAP_NET_RAW and CAP_BPF (root has them). Exit codes: 0 ended by --duration or SIGTERM,
1 failure, 2 usage, 3 not permitted, 4 unsupported, 5 conflict, 130 ended by Ctrl-C.`;
