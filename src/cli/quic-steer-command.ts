import { once } from 'node:events';
import { join, resolve } from 'node:path';
import { Command } from 'commander';
import { ownFolder } from '../console/index.js';
import { Announcement, PidFile, STEER_COMMAND, SteeringServer } from '../daemon/index.js';
import {
  applyConfig,
  loadSteeringConfig,
  openSteering,
  readSteeringConfig,
  type SteeredInterface,
  Steering,
  type SteeringConfig,
  type SteeringEvent,
  type SteeringSample,
  watchFile,
} from '../quic/index.js';
import { XdpError } from '../sys/index.js';
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
import { steeringTable } from './steering-table.js';
import { exitCodeOf, withStopSignals } from './stop-signals.js';

interface Flags {
  readonly config: string;
  readonly mode: 'native' | 'generic' | 'auto';
  readonly zeroCopy: 'auto' | 'on' | 'off';
  readonly netns?: string;
  readonly force?: true;
  readonly name?: string;
  readonly watch: boolean;
  readonly duration?: number;
  readonly interval: number;
  readonly json?: true;
}

export function quicSteerCommand(): Command {
  return new Command('steer')
    .summary('bring each QUIC packet to the backend that its connection ID names')
    .description(
      'Steer the QUIC packets of an interface: each goes to the sockets of the backend that its connection ID names, and one that ' +
        'names nobody yet is hashed. Each backend is a module on a thread of its own. Everything else goes on to the host. A ' +
        'change of the file is applied to the backends at once.',
    )
    .argument('<if>', 'an interface')
    .requiredOption('-c, --config <file>', 'codec, ports and backends, in YAML or JSON')
    .option('--no-watch', "don't follow changes of the file")
    .option('--name <name>', 'what xdpkit quic backends and status call this run (default: the interface)')
    .addOption(modeOption())
    .addOption(zeroCopyOption())
    .addOption(durationOption())
    .addOption(intervalOption())
    .addOption(netnsOption())
    .addOption(forceOption())
    .option('--json', 'print a stream of JSON lines: start, sample…, event…, summary')
    .addHelpText('after', EXAMPLES)
    .action(async (name: string, flags: Flags) => {
      process.exitCode = await withStopSignals((signal) => steer(name, flags, signal));
    });
}

const EXAMPLES = `
Examples:
  xdpkit quic steer eth1 --config edge.yaml
  xdpkit quic backends drain 3            meanwhile, in another terminal

edge.yaml:
  codec: { codec: cidv1 }
  ports: [4433]
  backends:
    - { id: 1, module: ./server.js }
    - { id: 2, module: ./server.js, weight: 2 }
    - { id: 9, act: host }

A module's default export gets the backend and its \`data\`: docs/quic-backends.md tells all.

It needs CAP_NET_ADMIN, CAP_NET_RAW, CAP_BPF and CAP_SYS_ADMIN (for the pins). Exit codes: 0 ended by --duration or SIGTERM,
1 failure, 2 usage, 3 not permitted, 4 unsupported, 5 conflict, 130 ended by Ctrl-C.`;

async function steer(name: string, flags: Flags, signal: AbortSignal): Promise<number> {
  const { mode, zeroCopy, netns, force, json, interval, duration: limit } = flags;
  const file = resolve(flags.config);
  const config = loadSteeringConfig(flags.config);
  const run = flags.name ?? name.replace(/[^\w-]/g, '_');
  if (!/^[\w-]{1,32}$/.test(run)) {
    throw new XdpError('XDP_ERR_USAGE', `${JSON.stringify(run)} is no name: it has 1 to 32 letters, digits, _ and -`);
  }
  let show: Display | undefined;
  const onEvent = (event: SteeringEvent) => show?.event(event.message);
  // The name is this run's alone: pins of that name are those of a run that was killed.
  using pidFile = PidFile.take(join(ownFolder(), `${run}.pid`));
  Steering.unpin(run);
  const steered = await openSteering(name, { ...config, mode, zeroCopy, netns, force, pin: run, onEvent });
  try {
    await using _server = await SteeringServer.open(run, steered, (id) => config.codec.decode(id));
    using _announcement = new Announcement({
      name: run,
      command: STEER_COMMAND,
      interfaces: [name],
      since: Date.now(),
      background: false,
      console: null,
      log: null,
      pidFile: pidFile.path,
    });
    if (json) printJson('start', describe(steered, run));
    else for (const notice of steered.device.notices) printNote(notice);
    show = json ? showJson() : process.stdout.isTTY ? showLive(name) : showLines();
    using _watch = flags.watch ? follow(file, steered, config, show) : undefined;
    const timer = setInterval(() => show?.sample(steered.sample()), interval);
    show.sample(steered.sample());
    try {
      await Promise.race([steered.failed, ended(signal, limit)]);
    } finally {
      clearInterval(timer);
      show.end();
    }
  } finally {
    const last = steered.steering.backends();
    const accounts = await steered.close();
    if (json) printJson('summary', { backends: last, frames: accounts });
    else printNote(closing(accounts));
  }
  return exitCodeOf(signal);
}

/** Applies changes of the file, one after the other; a broken one changes nothing. */
function follow(file: string, steered: SteeredInterface, first: SteeringConfig, show: Display): Disposable {
  let current = first;
  let work: Promise<void> = Promise.resolve();
  const apply = async (text: string) => {
    try {
      const next = readSteeringConfig(text, file);
      for (const what of await applyConfig(steered, current, next)) show.event(what);
      current = next;
    } catch (error) {
      show.event(`the file was changed, but not the steering: ${(error as Error).message}`);
    }
  };
  return watchFile(file, (text) => {
    work = work.then(() => apply(text));
  });
}

async function ended(signal: AbortSignal, limit: number | undefined): Promise<void> {
  if (signal.aborted) return;
  if (limit === undefined) await once(signal, 'abort');
  else await Promise.race([once(signal, 'abort'), new Promise((done) => setTimeout(done, limit).unref())]);
}

function describe({ device, steering }: SteeredInterface, run: string): object {
  const { link, mode, notices } = device;
  const { queues, capacity } = steering;
  return { name: run, interface: link.name, mode, queues, capacity, notices };
}

function closing(accounts: Awaited<ReturnType<SteeredInterface['close']>>): string {
  const sum = (field: 'frames' | 'lost' | 'duplicated') =>
    accounts.reduce((total, account) => total + account[field], 0);
  if (sum('lost') + sum('duplicated') === 0) return `all ${sum('frames')} frames accounted for`;
  return `${sum('lost')} frames lost, ${sum('duplicated')} found twice: please report this`;
}

interface Display {
  sample(now: SteeringSample): void;
  event(message: string): void;
  end(): void;
}

function showJson(): Display {
  return {
    sample: (now) => printJson('sample', now),
    event: (message) => printJson('event', { message }),
    end: () => {},
  };
}

function showLines(): Display {
  let before: SteeringSample | undefined;
  return {
    sample(now) {
      if (before !== undefined) process.stdout.write(`${steeringTable(now, before).join('\n')}\n\n`);
      before = now;
    },
    event: printNote,
    end: () => {},
  };
}

/** Lines below the table about what happened. */
const EVENTS_SHOWN = 4;

function showLive(name: string): Display {
  const region = new LiveRegion(process.stdout);
  let before: SteeringSample | undefined;
  const told: string[] = [];
  return {
    sample(now) {
      region.draw([`xdpkit quic steer ${name}   Ctrl-C ends it`, '', ...steeringTable(now, before ?? now), ...told]);
      before = now;
    },
    event(message) {
      told.push(`${new Date().toLocaleTimeString('en-GB')}  ${message}`);
      if (told.length > EVENTS_SHOWN) told.shift();
    },
    end: () => region.end(),
  };
}
