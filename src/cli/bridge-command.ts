import { once } from 'node:events';
import { styleText } from 'node:util';
import { Command, InvalidArgumentError, Option } from 'commander';
import {
  Bridge,
  type BridgeEvent,
  type BridgeOptions,
  type BridgeSample,
  type BridgeSummary,
} from '../pipeline/index.js';
import { duration, processors, wholeNumber } from './arguments.js';
import { bridgeTable, lossesOf, whole } from './bridge-table.js';
import { LiveRegion } from './live-region.js';
import { printJson, printNote } from './output.js';
import { exitCodeOf, withStopSignals } from './stop-signals.js';

interface Flags extends Omit<BridgeOptions, 'interfaces'> {
  readonly duration?: number;
  readonly interval: number;
  readonly json?: true;
}

export function bridgeCommand(): Command {
  return new Command('bridge')
    .summary('bridge two interfaces')
    .description(
      'Bridge two interfaces through AF_XDP: every frame that comes in on one leaves by the other. Ctrl-C ends it and ' +
        'gives both interfaces back.',
    )
    .argument('<if0>', 'an interface')
    .argument('<if1>', 'the other interface')
    .addOption(
      new Option(
        '-w, --workers <n>',
        'worker threads (default: one per processor of --cpus or of the machine, at most one per queue)',
      ).argParser(wholeNumber(1, 1024)),
    )
    .addOption(new Option('--cpus <list>', 'bind the workers to these processors, such as 0,2-3').argParser(processors))
    .addOption(
      new Option('-m, --mode <mode>', 'where the XDP program runs')
        .choices(['native', 'generic', 'auto'])
        .default('auto'),
    )
    .addOption(
      new Option('-z, --zero-copy <when>', 'let the driver work in our memory')
        .choices(['auto', 'on', 'off'])
        .default('auto'),
    )
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
    .addOption(new Option('-d, --duration <time>', 'end after this time, such as 30, 10s or 5m').argParser(duration))
    .addOption(new Option('-i, --interval <time>', 'time between two samples').argParser(duration).default(1000, '1s'))
    .option('--netns <name>', 'network namespace of the interfaces, by name or path')
    .option('-f, --force', 'take an interface although it carries the default route or this session')
    .option('--json', 'print a stream of JSON lines: start, sample…, event…, summary')
    .addHelpText('after', EXAMPLES)
    .action(async (if0: string, if1: string, flags: Flags) => {
      process.exitCode = await withStopSignals((signal) => run([if0, if1], flags, signal));
    });
}

const EXAMPLES = `
Examples:
  xdpkit bridge eth1 eth2                     until Ctrl-C, with a live table
  xdpkit bridge eth1 eth2 --cpus 2-3          two workers, each on a processor of its own
  xdpkit bridge eth1 eth2 -d 60 --json        one minute, a sample a second as JSON
  xdpkit bridge eth1 eth2 --busy-poll --wait spin         for short delays, at the price of the processor

It needs CAP_NET_ADMIN, CAP_NET_RAW and CAP_BPF (root has them). Exit codes: 0 ended by --duration or SIGTERM,
1 failure, 2 usage, 3 not permitted, 4 unsupported, 5 conflict, 130 ended by Ctrl-C.`;

function frameSize(text: string): number {
  const value = wholeNumber(2048, 4096)(text);
  if (value % 2 === 0) return value;
  throw new InvalidArgumentError('It has to be an even number.');
}

async function run(interfaces: [string, string], flags: Flags, signal: AbortSignal): Promise<number> {
  const { json, duration: limit, interval, ...options } = flags;
  let show: Display | undefined;
  const onEvent = (event: BridgeEvent) => show?.event(event);
  let bridge: Bridge;
  try {
    bridge = await Bridge.open({ interfaces, ...options, signal, onEvent });
  } catch (error) {
    if (signal.aborted && error === signal.reason) return exitCodeOf(signal);
    throw error;
  }
  const start = bridge.sample();
  if (json) printJson('start', describe(bridge));
  else for (const device of bridge.devices) for (const notice of device.notices) printNote(notice);

  show = json ? showJson() : process.stdout.isTTY ? showLive(bridge, interfaces, start) : showLines();
  const timer = setInterval(() => show?.sample(bridge.sample()), interval);
  show.sample(start);
  try {
    await Promise.race([bridge.finished, ended(signal, limit)]);
  } finally {
    clearInterval(timer);
    show.end();
  }
  const summary = await bridge.close();
  if (json) printJson('summary', { ...summary, seconds: (summary.last.time - start.time) / 1000 });
  else for (const line of summaryLines(summary, start)) process.stdout.write(`${line}\n`);
  return exitCodeOf(signal);
}

/** Resolves at a signal or at the end of the time, whichever comes first. */
async function ended(signal: AbortSignal, limit: number | undefined): Promise<void> {
  if (signal.aborted) return;
  if (limit === undefined) await once(signal, 'abort');
  else await Promise.race([once(signal, 'abort'), new Promise((resolve) => setTimeout(resolve, limit).unref())]);
}

function describe(bridge: Bridge): object {
  return {
    workers: bridge.workers,
    frameSize: bridge.frames.frameSize,
    interfaces: bridge.devices.map(({ link, mode, notices }) => ({
      interface: link.name,
      mac: link.mac,
      mtu: link.mtu,
      driver: link.driver,
      queues: link.queues,
      mode,
      notices,
    })),
  };
}

/** Lines of a live table about what happened to the interfaces. */
const EVENTS_SHOWN = 4;

interface Display {
  sample(now: BridgeSample): void;
  event(event: BridgeEvent): void;
  end(): void;
}

function showJson(): Display {
  return { sample: (now) => printJson('sample', now), event: (event) => printJson('event', event), end: () => {} };
}

/** For a pipe or a file: a table at every sample, one under the other. */
function showLines(): Display {
  let before: BridgeSample | undefined;
  return {
    sample(now) {
      if (before !== undefined) process.stdout.write(`${bridgeTable(now, before).join('\n')}\n\n`);
      before = now;
    },
    event: ({ message }) => printNote(message),
    end: () => {},
  };
}

function showLive(bridge: Bridge, interfaces: readonly string[], start: BridgeSample): Display {
  const region = new LiveRegion(process.stdout);
  const workers = bridge.workers === 1 ? '1 worker' : `${bridge.workers} workers`;
  let before = start;
  const told: string[] = [];
  return {
    sample(now) {
      const seconds = Math.round((now.time - start.time) / 1000);
      const clock = [seconds / 3600, (seconds / 60) % 60, seconds % 60];
      const time = clock.map((part) => String(Math.floor(part)).padStart(2, '0')).join(':');
      const title = styleText('bold', `xdpkit bridge  ${interfaces.join(' <-> ')}`);
      const hint = styleText('dim', 'Ctrl-C ends the bridge and gives both interfaces back');
      region.draw([`${title}   ${workers}   ${time}`, '', ...bridgeTable(now, before), ...told, '', hint]);
      before = now;
    },
    event({ message }) {
      told.push(`${new Date().toLocaleTimeString('en-GB')}  ${message}`);
      if (told.length > EVENTS_SHOWN) told.shift();
    },
    end: () => region.end(),
  };
}

/** What happened, in a few lines. */
function summaryLines({ last, audits }: BridgeSummary, start: BridgeSample): string[] {
  const seconds = (last.time - start.time) / 1000;
  const lines = last.ports.map(({ interface: name, total }) => {
    const lost = lossesOf(total);
    return `${name}: ${whole(total.rxPackets)} packets in, ${whole(total.txPackets)} out, ${lost === 0 ? 'none' : whole(lost)} lost`;
  });
  const sum = (field: 'frames' | 'lost' | 'duplicated') => audits.reduce((total, audit) => total + audit[field], 0);
  const frames =
    sum('lost') + sum('duplicated') === 0
      ? `all ${whole(sum('frames'))} frames accounted for`
      : styleText('red', `${sum('lost')} frames lost, ${sum('duplicated')} found twice: please report this`);
  return [`${seconds.toFixed(1)} s`, ...lines, frames];
}
