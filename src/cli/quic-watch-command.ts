import { existsSync } from 'node:fs';
import { Command, Option } from 'commander';
import { type CidCodec, loadSteeringConfig, QuicDissector, QuicWatch } from '../quic/index.js';
import { type Expression, matchesExpression, parseExpression } from '../rules/index.js';
import { requireCapabilities, XdpError } from '../sys/index.js';
import { wholeNumber } from './arguments.js';
import { addCodecOptions, type CodecFlags, optionalCodecOf } from './cid-options.js';
import { expressionOf } from './collect-packets.js';
import { durationOption, forceOption, modeOption, netnsOption } from './interface-options.js';
import { printJson, printNote } from './output.js';
import { packetsOfCapture } from './packet-arguments.js';
import { type QuicPrinter, quicPrinter } from './quic-lines.js';
import { exitCodeOf, withStopSignals } from './stop-signals.js';

interface Flags extends CodecFlags {
  readonly config?: string;
  readonly read?: string;
  readonly shortIdLength?: number;
  readonly mode: 'native' | 'generic' | 'auto';
  readonly count?: number;
  readonly duration?: number;
  readonly netns?: string;
  readonly force?: true;
  readonly json?: true;
}

/** Where QUIC is to be expected when nothing else is said. */
const EXPRESSION = 'udp port 443 or udp port 4433';

export function quicWatchCommand(): Command {
  const command = new Command('watch')
    .summary('a line for each QUIC packet')
    .description(
      'Print a line for each QUIC packet that an interface receives: addresses, form, version, type, both connection IDs, the ' +
        'server that a codec finds in them, queue and length; of Initials, which are not secret, SNI and ALPN too. Nothing is ' +
        'taken away: all packets go on to the host.',
    )
    .argument('[if]', 'an interface')
    .argument('[expression...]', `tcpdump expression: which packets are QUIC's (default: ${EXPRESSION})`)
    .option('--config <file>', 'take the codec of a steering from its configuration')
    .option('-r, --read <file>', 'read a pcap or pcapng file instead, in which all UDP may be QUIC')
    .addOption(
      new Option(
        '--short-id-length <n>',
        'bytes of IDs in short headers, which do not tell (default: as seen in long headers, or those of the codec)',
      ).argParser(wholeNumber(0, 20)),
    )
    .addOption(modeOption())
    .addOption(new Option('-n, --count <n>', 'end after this many QUIC packets').argParser(wholeNumber(1, 2 ** 52)))
    .addOption(durationOption())
    .addOption(netnsOption())
    .addOption(forceOption())
    .option('--json', 'print JSON lines: start (of an interface), packet…, and a summary');
  return addCodecOptions(command)
    .addHelpText('after', EXAMPLES)
    .action(async (name: string | undefined, words: string[], flags: Flags) => {
      process.exitCode = await withStopSignals((signal) => run(name, words, flags, signal));
    });
}

const EXAMPLES = `
Examples:
  xdpkit quic watch eth1
  xdpkit quic watch eth1 --codec quic-lb --server-id-length 3 --nonce-length 4 --key 8f95f09245765f80256934e50c66207f
  xdpkit quic watch eth1 --config steering.yaml          with the codec of a steering
  xdpkit quic watch eth1 udp port 8443 --json
  xdpkit quic watch --read capture.pcapng

It sees what the interface receives, not what it sends; a file has both. Where another XDP program runs it is refused. An
interface needs CAP_NET_ADMIN, CAP_BPF and CAP_PERFMON (root has them), a file nothing. Exit codes: 0 ended by --count, --duration, SIGTERM
or the end of the file, 1 failure, 2 usage, 3 not permitted, 4 unsupported, 5 conflict, 130 ended by Ctrl-C.`;

async function run(
  name: string | undefined,
  words: readonly string[],
  flags: Flags,
  signal: AbortSignal,
): Promise<number> {
  const codec = codecFor(flags);
  const { read, shortIdLength, count = Number.POSITIVE_INFINITY, json } = flags;
  const printer = quicPrinter(new QuicDissector({ codec, shortIdLength }), json ?? false, count);
  if (read !== undefined) await readFile(read, expressionOf([name ?? '', ...words]), printer, signal);
  else if (name !== undefined) {
    await watch(name, expressionOf(words) ?? parseExpression(EXPRESSION), flags, printer, signal);
  } else
    throw new XdpError('XDP_ERR_USAGE', 'there is nothing to watch', { advice: 'name an interface, or --read a file' });
  return exitCodeOf(signal);
}

/** @throws XDP_ERR_USAGE */
function codecFor({ config, ...flags }: Flags): CidCodec | undefined {
  const codec = optionalCodecOf(flags);
  if (config === undefined) return codec;
  if (codec === undefined) return loadSteeringConfig(config).codec;
  throw new XdpError('XDP_ERR_USAGE', 'the codec comes from --config or from options of its own, not both');
}

async function readFile(
  path: string,
  expression: Expression | undefined,
  printer: QuicPrinter,
  signal: AbortSignal,
): Promise<void> {
  if (!existsSync(path)) throw new XdpError('XDP_ERR_USAGE', `there is no file ${path}`);
  for await (const { bytes, time } of packetsOfCapture(path)) {
    if (signal.aborted || printer.isDone) break;
    if (expression !== undefined && !matchesExpression(expression, bytes)) continue;
    printer.frame(bytes, 0, bytes.length, undefined, time);
  }
  printer.end();
}

async function watch(
  name: string,
  expression: Expression,
  { mode, netns, force, json, duration: limit }: Flags,
  printer: QuicPrinter,
  signal: AbortSignal,
): Promise<void> {
  requireCapabilities('watching QUIC', ['CAP_NET_ADMIN', 'CAP_BPF', 'CAP_PERFMON']);
  using watched = QuicWatch.open(name, { expression, mode, netns, force });
  const { link, mode: got, notices } = watched;
  if (json) printJson('start', { interface: link.name, mode: got, queues: link.rxQueues, notices });
  else for (const notice of [...notices, `watching ${link.name}, ${got} mode; Ctrl-C ends it`]) printNote(notice);
  let timer: NodeJS.Timeout | undefined;
  try {
    await new Promise<void>((resolve, reject) => {
      if (limit !== undefined) timer = setTimeout(resolve, limit);
      signal.addEventListener('abort', () => resolve(), { once: true });
      if (signal.aborted) resolve();
      watched.watch((bytes, offset, length, _, queue, time) => {
        if (printer.isDone) return;
        printer.frame(bytes, offset, length, queue, time);
        if (printer.isDone) resolve();
      }, reject);
    });
  } finally {
    clearTimeout(timer);
  }
  printer.end(watched.lost);
}
