import { Command, Option } from 'commander';
import { XdpError } from '../sys/index.js';
import { TAP_NAME, type TapReader } from '../tap/index.js';
import { type CaptureWriter, PcapngWriter, PcapWriter } from '../wire/index.js';
import { size, wholeNumber } from './arguments.js';
import { whole } from './bridge-table.js';
import { type CaptureOutput, FileOutput, StreamOutput } from './capture-output.js';
import { type Collected, collectPackets, expressionOf, openTap } from './collect-packets.js';
import { durationOption } from './interface-options.js';
import { printJson, printNote } from './output.js';
import { captureSink, jsonSink, lineSink, type PacketSink } from './packet-sinks.js';
import { exitCodeOf, withStopSignals } from './stop-signals.js';

interface Flags {
  readonly queue: string;
  readonly wait?: true;
  readonly write?: string;
  readonly format?: 'pcapng' | 'pcap';
  readonly rotateSize?: number;
  readonly rotateSeconds?: number;
  readonly files?: number;
  readonly count?: number;
  readonly duration?: number;
  readonly json?: true;
}

export function collectCommand(): Command {
  return new Command('collect')
    .summary('collect packets from a tap')
    .description(
      'Collect the packets that the tap of a running bridge hands out: print them, or write them to a capture file or to ' +
        'standard output. Several collectors share the packets, each packet going to one of them.',
    )
    .argument('[expression...]', "tcpdump expression, such as 'udp port 53': only packets that match")
    .option('-q, --queue <name>', 'name of the tap', TAP_NAME)
    .option('--wait', 'wait until there is a tap of this name')
    .option('-w, --write <file>', 'write a capture file; - is standard output')
    .addOption(
      new Option('-F, --format <format>', 'of the capture; default: pcapng, and pcap for a file *.pcap').choices([
        'pcapng',
        'pcap',
      ]),
    )
    .addOption(new Option('--rotate-size <size>', 'begin a new file once it has this size: 10M, 1G').argParser(size))
    .addOption(
      new Option('--rotate-seconds <n>', 'begin a new file after this many seconds').argParser(
        wholeNumber(1, 2_147_483),
      ),
    )
    .addOption(
      new Option('--files <n>', 'keep this many files of a rotation, the newest').argParser(wholeNumber(1, 99_999)),
    )
    .addOption(new Option('-n, --count <n>', 'end after this many packets').argParser(wholeNumber(1, 2 ** 52)))
    .addOption(durationOption())
    .option('--json', 'print JSON lines: packet…, and a summary')
    .addHelpText('after', EXAMPLES)
    .action(async (words: string[], flags: Flags) => {
      process.exitCode = await withStopSignals((signal) => run(words, flags, signal));
    });
}

const EXAMPLES = `
Examples:
  xdpkit collect                                   a line for each packet
  xdpkit collect udp port 443 -w - | tshark -r -   into tshark
  xdpkit collect -w tap.pcapng --rotate-size 100M --files 10
  xdpkit collect --wait --count 1000 --json

It has to run as the user that the bridge runs as, or as root. Exit codes: 0 the tap ended, or ended by --count, --duration or
SIGTERM, 1 failure, 2 usage, 3 not permitted, 130 ended by Ctrl-C.`;

async function run(words: readonly string[], flags: Flags, signal: AbortSignal): Promise<number> {
  check(flags);
  const expression = expressionOf(words);
  const tap = await openTap(flags.queue, flags.wait ?? false, signal);
  if (tap === undefined) return exitCodeOf(signal);
  try {
    const files = { count: 0 };
    const sink = await openSink(tap, flags, files);
    let collected: Collected;
    try {
      const { count, duration: limit } = flags;
      collected = await collectPackets(tap, sink, { expression, count, duration: limit, signal });
    } finally {
      await sink.close();
    }
    report(tap, flags, collected, files.count);
    return exitCodeOf(signal);
  } finally {
    tap.close();
  }
}

/** @throws XDP_ERR_USAGE for options that don't go together */
function check({ write, format, rotateSize, rotateSeconds, files, json }: Flags): void {
  const usage = (message: string) => new XdpError('XDP_ERR_USAGE', message);
  const rotates = rotateSize !== undefined || rotateSeconds !== undefined;
  if (rotates && (write === undefined || write === '-')) throw usage('only a file rotates: name one with --write');
  if (files !== undefined && !rotates) throw usage('--files needs --rotate-size or --rotate-seconds');
  if (format !== undefined && write === undefined) throw usage('--format needs --write');
  if (json && write === '-') throw usage('--json and --write - both want standard output');
}

async function openSink(tap: TapReader, flags: Flags, files: { count: number }): Promise<PacketSink> {
  const { names } = tap;
  const { write, rotateSize, rotateSeconds } = flags;
  if (write === undefined) return flags.json ? jsonSink(names) : lineSink(names, StreamOutput.stdout());
  const format = flags.format ?? (write.endsWith('.pcap') ? 'pcap' : 'pcapng');
  const writer: CaptureWriter =
    format === 'pcap' ? new PcapWriter() : new PcapngWriter(names.interfaces, tap.status().snapLength);
  writer.begin();
  const header = writer.take().slice();
  let output: CaptureOutput;
  if (write === '-') {
    output = StreamOutput.stdout();
    await output.write(header);
  } else {
    const time = rotateSeconds === undefined ? undefined : rotateSeconds * 1000;
    const file = new FileOutput(write, { size: rotateSize, time, files: flags.files }, header);
    output = {
      write: (piece) => file.write(piece),
      close: async () => {
        files.count = file.files;
        await file.close();
      },
    };
  }
  return captureSink(writer, output, names);
}

function report(tap: TapReader, { json, write }: Flags, collected: Collected, files: number): void {
  const status = tap.status();
  if (json) {
    printJson('summary', { ...collected, ...(write !== undefined && { files }), tap: status });
    return;
  }
  const { packets, bytes, filtered } = collected;
  const parts = [
    `collected ${whole(packets)} packets of ${whole(bytes)} bytes`,
    ...(filtered > 0 ? [`${whole(filtered)} did not match`] : []),
    ...(files > 1 ? [`${whole(files)} files`] : []),
    `of ${whole(status.tapped)} tapped ${whole(status.lost)} were lost`,
    ...(status.abandoned > 0 ? [`${whole(status.abandoned)} in the hands of collectors that died`] : []),
  ];
  printNote(parts.join('; '));
}
