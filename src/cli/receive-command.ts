import { setTimeout } from 'node:timers/promises';
import { Command, Option } from 'commander';
import { type ReceiveCounts, Receiver, type ReceiverOptions } from '../generator/index.js';
import { processors, wholeNumber } from './arguments.js';
import { whole } from './bridge-table.js';
import {
  durationOption,
  forceOption,
  intervalOption,
  modeOption,
  netnsOption,
  zeroCopyOption,
} from './interface-options.js';
import { LiveRegion } from './live-region.js';
import { printJson, printNote } from './output.js';
import { exitCodeOf, withStopSignals } from './stop-signals.js';
import { rateOf, rateText, receivedLines } from './traffic-report.js';

interface Flags extends Omit<ReceiverOptions, 'interface'> {
  readonly duration?: number;
  readonly count?: number;
  readonly interval: number;
  readonly json?: true;
}

export function receiveCommand(): Command {
  return new Command('receive')
    .summary('count and measure frames')
    .description(
      'Count the frames that `xdpkit generate --payload measure` sent, and measure losses by their sequence numbers, order, ' +
        'and latency by their time stamps, which have to be of this machine. All other frames go on to the host.',
    )
    .argument('<if>', 'an interface')
    .option('-a, --all', 'take all frames, not only those that measure: the host gets none')
    .addOption(
      new Option('-w, --workers <n>', 'worker threads, at most one per queue')
        .argParser(wholeNumber(1, 1024))
        .default(1),
    )
    .addOption(new Option('--cpus <list>', 'bind them to these processors, such as 0,2-3').argParser(processors))
    .addOption(modeOption())
    .addOption(zeroCopyOption())
    .addOption(
      new Option('--frame-size <bytes>', 'bytes of a frame: 2048 for an MTU up to 1770, 4096 for up to 3818')
        .argParser((text) => wholeNumber(text === '2048' ? 2048 : 4096, 4096)(text))
        .default(2048),
    )
    .addOption(
      new Option('--wait <how>', 'adaptive: sleep when idle; spin: never sleep')
        .choices(['adaptive', 'spin'])
        .default('adaptive'),
    )
    .option('-p, --promiscuous', 'receive frames for every address')
    .addOption(
      new Option('-n, --count <n>', 'end after as many frames, or a few more').argParser(wholeNumber(1, 2 ** 52)),
    )
    .addOption(durationOption())
    .addOption(intervalOption())
    .addOption(netnsOption())
    .addOption(forceOption())
    .option('--json', 'print a stream of JSON lines: start, sample…, summary')
    .addHelpText('after', EXAMPLES)
    .action(async (name: string, flags: Flags) => {
      process.exitCode = await withStopSignals((signal) => run(name, flags, signal));
    });
}

const EXAMPLES = `
Examples:
  xdpkit receive eth2                          until Ctrl-C
  xdpkit receive eth2 --wait spin -d 10        latency without the time that waking up takes
  xdpkit receive eth2 --all --json             whatever comes in, counted

It needs CAP_NET_ADMIN, CAP_NET_RAW, CAP_BPF and CAP_SYS_ADMIN. Exit codes: 0 ended by --duration, --count or SIGTERM,
1 failure, 2 usage, 3 not permitted, 4 unsupported, 5 conflict, 130 ended by Ctrl-C.`;

/** Milliseconds between two looks at the counters, for --count. */
const LOOK = 20;

async function run(name: string, flags: Flags, signal: AbortSignal): Promise<number> {
  const { json, interval, duration: limit = Number.POSITIVE_INFINITY, count, ...options } = flags;
  const receiver = await Receiver.open({ interface: name, ...options });
  let received: ReceiveCounts;
  try {
    if (json) printJson('start', describe(receiver));
    else for (const notice of receiver.device.notices) printNote(notice);
    const show = json ? jsonSamples() : process.stdout.isTTY ? liveSamples(name) : lineSamples();
    const timer = setInterval(() => show.sample(receiver.sample()), interval);
    const end = performance.now() + limit;
    const enough = () => performance.now() >= end || receiver.sample().frames >= (count ?? Number.POSITIVE_INFINITY);
    try {
      while (!signal.aborted && !enough()) await Promise.race([setTimeout(LOOK), receiver.failed]);
    } finally {
      clearInterval(timer);
      show.end();
    }
  } finally {
    received = await receiver.close();
  }
  if (json) printJson('summary', { received: { ...received, ...rateOf(received, received.seconds) } });
  else for (const line of receivedLines(received)) process.stdout.write(`${line}\n`);
  return exitCodeOf(signal);
}

function describe({ device, workers, zeroCopy }: Receiver): object {
  const { link, mode, notices } = device;
  return { interface: link.name, mode, queues: link.rxQueues, workers, zeroCopy, notices };
}

interface Display {
  sample(received: ReceiveCounts): void;
  end(): void;
}

function jsonSamples(): Display {
  return { sample: (received) => printJson('sample', { received }), end: () => {} };
}

/** Rates since the sample before. */
function sampleLine(): (received: ReceiveCounts) => string {
  let last = performance.now();
  let before = { frames: 0, bytes: 0 };
  return (received) => {
    const now = performance.now();
    const rate = rateText(rateOf(received, (now - last) / 1000, before));
    const lost = received.streams.reduce((sum, stream) => sum + stream.lost, 0);
    before = received;
    last = now;
    return `received  ${whole(received.frames)} frames, ${rate}; ${whole(lost)} lost`;
  };
}

function lineSamples(): Display {
  const line = sampleLine();
  return { sample: (received) => process.stdout.write(`${line(received)}\n`), end: () => {} };
}

function liveSamples(name: string): Display {
  const region = new LiveRegion(process.stdout);
  const line = sampleLine();
  return {
    sample: (received) => region.draw([`xdpkit receive ${name}   Ctrl-C ends it`, '', line(received)]),
    end: () => region.end(),
  };
}
