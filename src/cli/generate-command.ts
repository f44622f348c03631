import { setTimeout } from 'node:timers/promises';
import { Command, Option } from 'commander';
import {
  GENERATOR_OPTIONS,
  Generator,
  type GeneratorOptions,
  optionName,
  type ReceiveCounts,
  Receiver,
  type SendCounts,
  type TrafficDescription,
} from '../generator/index.js';
import { processors, wholeNumber } from './arguments.js';
import { whole } from './bridge-table.js';
import { intervalOption, netnsOption } from './interface-options.js';
import { LiveRegion } from './live-region.js';
import { printJson, printNote } from './output.js';
import { exitCodeOf, withStopSignals } from './stop-signals.js';
import { rateOf, rateText, receivedLines, sentLines } from './traffic-report.js';

interface Flags extends Pick<GeneratorOptions, 'engine' | 'workers' | 'cpus' | 'batch' | 'zeroCopy' | 'netns'> {
  readonly receiver?: string;
  readonly receiverNetns?: string;
  readonly interval: number;
  readonly json?: true;
}

export function generateCommand(): Command {
  const command = new Command('generate')
    .summary('send described frames')
    .description(
      'Send frames out of an interface: described ones, whose fields may vary from frame to frame, or those of a capture. ' +
        'It prints the rate it reached, and with --receiver what came out at the other end.',
    )
    .argument('<if>', 'an interface');
  for (const { key, argument, help, repeatable } of GENERATOR_OPTIONS) {
    const option = new Option(`${optionName(key)} <${argument}>`, help);
    if (repeatable) option.argParser((text: string, before: string[] | undefined) => [...(before ?? []), text]);
    command.addOption(option);
  }
  return command
    .addOption(
      new Option('-e, --engine <engine>', 'xsk: AF_XDP sockets; live: frames that the kernel makes (Linux 5.18)')
        .choices(['xsk', 'live'])
        .default('xsk'),
    )
    .addOption(new Option('-w, --workers <n>', 'threads that send').argParser(wholeNumber(1, 1024)).default(1))
    .addOption(new Option('--cpus <list>', 'bind them to these processors, such as 0,2-3').argParser(processors))
    .addOption(new Option('--batch <n>', 'frames sent with one call').argParser(wholeNumber(1, 256)).default(64))
    .addOption(
      new Option('-z, --zero-copy <when>', 'let the driver send from our memory')
        .choices(['auto', 'on', 'off'])
        .default('auto'),
    )
    .option('--receiver <if>', 'an interface of this machine where the frames come out: counts what arrives')
    .option('--receiver-netns <name>', 'its network namespace, by name or path')
    .addOption(intervalOption())
    .addOption(netnsOption())
    .option('--json', 'print a stream of JSON lines: start, sample…, summary')
    .addHelpText('after', EXAMPLES)
    .action(async (name: string, flags: Flags & TrafficDescription) => {
      process.exitCode = await withStopSignals((signal) => run(name, flags, signal));
    });
}

const EXAMPLES = `
Numbers, addresses and connection IDs may vary from frame to frame: 1000-1999 and 10.0.0.1-10.0.0.9 step, so does
1000-1999+10 by ten, 10.0.0.0/24 is a prefix, and random: before any of them chooses.

Examples:
  xdpkit generate eth1 --destination 10.0.0.0/24 --rate 1M --count 10M
  xdpkit generate eth1 --protocol quic --connection-id random:c0ff000000000000/16 --size 1242
  xdpkit generate eth1 --size 64:7,576:4,1500:1 --rate 1Gbit --duration 10s --engine live
  xdpkit generate eth1 --payload measure --rate 100k --receiver eth2
  xdpkit generate eth1 --replay capture.pcap

It needs CAP_NET_RAW; with --engine live CAP_BPF, CAP_NET_ADMIN and CAP_SYS_ADMIN. Exit codes: 0 ended by itself or by
SIGTERM, 1 failure, 2 usage, 3 not permitted, 4 unsupported, 5 conflict, 130 ended by Ctrl-C.`;

/** Milliseconds that frames may take from the last one sent until they are received, and between two looks. */
const SETTLE = 1000;
const LOOK = 20;

async function run(name: string, flags: Flags & TrafficDescription, signal: AbortSignal): Promise<number> {
  const traffic = Object.fromEntries(
    GENERATOR_OPTIONS.flatMap(({ key }) => (flags[key] === undefined ? [] : [[key, flags[key]]])),
  ) as TrafficDescription;
  const { engine, workers, cpus, batch, zeroCopy, netns } = flags;
  const receiver = await openReceiver(flags, traffic);
  try {
    const options = { interface: name, traffic, engine, workers, cpus, batch, zeroCopy, netns, nameOf: optionName };
    const generator = await Generator.open(options);
    let sent: SendCounts;
    try {
      await send(generator, receiver, flags, signal);
    } finally {
      sent = await generator.close();
    }
    const received = receiver && (await settle(receiver, sent.frames));
    report(flags, sent, received);
    return exitCodeOf(signal);
  } finally {
    await receiver?.close();
  }
}

/** What doesn't measure can still be counted. */
async function openReceiver(flags: Flags, { payload }: TrafficDescription): Promise<Receiver | undefined> {
  const { receiver, receiverNetns: netns } = flags;
  if (receiver === undefined) return undefined;
  return Receiver.open({ interface: receiver, netns, all: payload !== 'measure' });
}

async function send(
  generator: Generator,
  receiver: Receiver | undefined,
  flags: Flags,
  signal: AbortSignal,
): Promise<void> {
  const { link, engine, workers, zeroCopy } = generator;
  if (flags.json) printJson('start', { interface: link.name, engine, workers, zeroCopy });
  else for (const notice of receiver?.device.notices ?? []) printNote(notice);
  const show = flags.json ? jsonSamples() : process.stdout.isTTY ? liveSamples(link.name) : lineSamples();
  const sample = () => show.sample(generator.sample(), receiver?.sample());
  const timer = setInterval(sample, flags.interval);
  const stop = () => generator.stop();
  signal.addEventListener('abort', stop);
  try {
    if (!signal.aborted) generator.start();
    else generator.stop();
    const failures = receiver === undefined ? [] : [receiver.failed];
    await Promise.race([generator.finished, ...failures]);
  } finally {
    signal.removeEventListener('abort', stop);
    clearInterval(timer);
    show.end();
  }
}

/** Waits for what is still on its way. */
async function settle(receiver: Receiver, sent: number): Promise<ReceiveCounts> {
  const end = performance.now() + SETTLE;
  while (receiver.sample().frames < sent && performance.now() < end) await setTimeout(LOOK);
  return receiver.close();
}

function report({ json }: Flags, sent: SendCounts, received: ReceiveCounts | undefined): void {
  if (json) {
    const rate = rateOf(sent, sent.seconds);
    printJson('summary', { sent: { ...sent, ...rate }, ...(received && { received: withRate(received) }) });
    return;
  }
  const lines = [...sentLines(sent), ...(received === undefined ? [] : receivedLines(received, sent.frames))];
  for (const line of lines) process.stdout.write(`${line}\n`);
}

const withRate = (received: ReceiveCounts) => ({ ...received, ...rateOf(received, received.seconds) });

interface Display {
  sample(sent: SendCounts, received: ReceiveCounts | undefined): void;
  end(): void;
}

function jsonSamples(): Display {
  return { sample: (sent, received) => printJson('sample', { sent, ...(received && { received }) }), end: () => {} };
}

/** Rates since the sample before. */
function sampleLines(): (sent: SendCounts, received: ReceiveCounts | undefined) => string[] {
  let last = performance.now();
  let sentBefore = { frames: 0, bytes: 0 };
  let receivedBefore = { frames: 0, bytes: 0 };
  return (sent, received) => {
    const now = performance.now();
    const seconds = (now - last) / 1000;
    const lines = [`sent      ${whole(sent.frames)} frames, ${rateText(rateOf(sent, seconds, sentBefore))}`];
    if (received !== undefined) {
      lines.push(`received  ${whole(received.frames)} frames, ${rateText(rateOf(received, seconds, receivedBefore))}`);
      receivedBefore = received;
    }
    sentBefore = sent;
    last = now;
    return lines;
  };
}

/** For a pipe or a file: a line or two at every sample. */
function lineSamples(): Display {
  const lines = sampleLines();
  return {
    sample(sent, received) {
      for (const line of lines(sent, received)) process.stdout.write(`${line}\n`);
    },
    end: () => {},
  };
}

function liveSamples(name: string): Display {
  const region = new LiveRegion(process.stdout);
  const lines = sampleLines();
  return {
    sample: (sent, received) => region.draw([`xdpkit generate ${name}   Ctrl-C ends it`, '', ...lines(sent, received)]),
    end: () => region.end(),
  };
}
