import { type Command, InvalidArgumentError, Option } from 'commander';
import type { BridgeOptions } from '../pipeline/index.js';
import { TAP_NAME } from '../tap/index.js';
import { processors, runName, wholeNumber } from './arguments.js';
import { durationOption, forceOption, intervalOption, modeOption, zeroCopyOption } from './interface-options.js';

/** What `bridge` and `mirror` are told. */
export interface DataPathFlags extends Omit<BridgeOptions, 'interfaces' | 'callback' | 'tap'> {
  readonly callback?: string;
  /** The name, or that there shall be one; false: none. */
  readonly tap: string | boolean;
  /** False: none. */
  readonly console: boolean;
  readonly name?: string;
  readonly startup?: string;
  /** In the background. */
  readonly daemon?: true;
  readonly pidFile?: string;
  readonly log?: string;
  readonly duration?: number;
  readonly interval: number;
  readonly json?: true;
}

/** The options of a command that moves packets. */
export function addDataPathOptions(command: Command): Command {
  return command
    .addOption(
      new Option(
        '-w, --workers <n>',
        'worker threads (default: one per processor of --cpus or of the machine, at most one per queue)',
      ).argParser(wholeNumber(1, 1024)),
    )
    .addOption(new Option('--cpus <list>', 'bind the workers to these processors, such as 0,2-3').argParser(processors))
    .addOption(modeOption())
    .addOption(zeroCopyOption())
    .addOption(
      new Option(
        '--frame-size <bytes>',
        'bytes of a frame, 2048 to 4096 (default: 2048 for an MTU up to 1770, 4096 for a larger one, and with igb and igc; packets that no ' +
          'frame holds, above 3818, come in several)',
      ).argParser(frameSize),
    )
    .addOption(
      new Option(
        '--busy-poll [budget]',
        'let the workers drive the NIC instead of interrupts, and take in up to so many packets by a call',
      )
        .argParser(wholeNumber(1, 0xffff))
        .preset('64'),
    )
    .addOption(
      new Option('--wait <how>', 'adaptive: sleep when idle; spin: never sleep')
        .choices(['adaptive', 'spin'])
        .default('adaptive'),
    )
    .addOption(durationOption())
    .addOption(intervalOption())
    .option('--netns <name>', 'network namespace of the interfaces, by name or path')
    .addOption(forceOption())
    .addOption(
      new Option('--tap [name]', 'name of the tap that packets are copied to when it is switched on')
        .preset(TAP_NAME)
        .default(true, `${TAP_NAME}, unless another process has it`),
    )
    .option('--no-tap', 'no tap')
    .option('--no-statistics', "don't count source addresses and EtherTypes")
    .addOption(
      new Option(
        '--hold-frames <n>',
        'frames of each worker that faults may hold back: delay, reordering, rate (default: 1024)',
      ).argParser(wholeNumber(0, 0x10000)),
    )
    .option('--fault-log <file>', 'write a line of JSON for each fault of each packet (docs/faults.md)')
    .addOption(
      new Option(
        '--name <name>',
        'what xdpkit console, status and stop call this run, once at a time (default: the interfaces)',
      ).argParser(runName),
    )
    .option('--no-console', "don't let xdpkit console steer this run")
    .option('--startup <file>', 'console words to run first (default: /etc/xdpkit.rpcl if it is there)')
    .option('--daemon', 'run in the background; returns when packets pass, or with the error')
    .option(
      '--pid-file <file>',
      'file with the number of the process (default with --daemon and --name: NAME.pid in /run/xdpkit)',
    )
    .option(
      '--log <file>',
      'append what happens to a file, opened anew on SIGHUP (default with --daemon: NAME.log in /run/xdpkit)',
    )
    .option('--json', 'print a stream of JSON lines: start, sample…, event…, summary');
}

function frameSize(text: string): number {
  const value = wholeNumber(2048, 4096)(text);
  if (value % 2 === 0) return value;
  throw new InvalidArgumentError('It has to be an even number.');
}
