import { Command } from 'commander';
import { addDataPathOptions, type DataPathFlags } from './data-path-options.js';
import { runBridge } from './run-bridge.js';

export function mirrorCommand(): Command {
  const command = new Command('mirror')
    .summary('look at what a mirror port sends')
    .description(
      'Take in every frame of an interface that gets copies of the traffic (a mirror or SPAN port), count and tap it, and ' +
        'send nothing. The host sees none of them meanwhile. Ctrl-C ends it and gives the interface back.',
    )
    .argument('<interface>', 'an interface');
  return addDataPathOptions(command)
    .addHelpText('after', EXAMPLES)
    .action(async (name: string, flags: DataPathFlags) => {
      process.exitCode = await runBridge('mirror', [name], flags);
    });
}

const EXAMPLES = `
Examples:
  xdpkit mirror eth1                          until Ctrl-C, with a live table
  xdpkit console -c '0 if.mac.show'           who has sent what
  xdpkit console -c '0 tap.rx.enable'         copy all packets into the tap: xdpkit collect reads them

It needs CAP_NET_ADMIN, CAP_NET_RAW and CAP_BPF (root has them). Exit codes: 0 ended by --duration or SIGTERM,
1 failure, 2 usage, 3 not permitted, 4 unsupported, 5 conflict, 130 ended by Ctrl-C.`;
