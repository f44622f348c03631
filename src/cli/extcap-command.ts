import { execFileSync } from 'node:child_process';
import { chmodSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Command } from 'commander';
import { XdpError } from '../sys/index.js';
import { listTaps, TAP_NAME } from '../tap/index.js';
import { PcapngWriter } from '../wire/index.js';
import { StreamOutput } from './capture-output.js';
import { collectPackets, expressionOf, openTap } from './collect-packets.js';
import { captureSink } from './packet-sinks.js';
import { withStopSignals } from './stop-signals.js';

interface Flags {
  readonly extcapInterfaces?: true;
  readonly extcapInterface?: string;
  readonly extcapDlts?: true;
  readonly extcapConfig?: true;
  readonly extcapCaptureFilter?: string;
  readonly capture?: true;
  readonly fifo?: string;
  readonly wait: boolean;
  readonly install?: string | true;
}

/** A tap's name as an interface of Wireshark. */
const PREFIX = 'xdpkit-';
/** What Wireshark asks of an extcap plug-in: doc/extcap.adoc of its sources, extcap(4). */
export function extcapCommand(): Command {
  return new Command('extcap')
    .summary('show taps as interfaces in Wireshark')
    .description(
      'The plug-in by which Wireshark, tshark and dumpcap show taps among the interfaces. `xdpkit extcap --install` puts it in ' +
        'its place; they call it with the other options.',
    )
    .option('--install [folder]', "write the launcher into Wireshark's folder for plug-ins, or another")
    .option('--extcap-interfaces', 'list the taps')
    .option('--extcap-version [version]', "Wireshark's own")
    .option('--extcap-interface <name>', 'which one')
    .option('--extcap-dlts', 'print its link type')
    .option('--extcap-config', 'print its options')
    .option('--extcap-capture-filter <expression>', 'tcpdump expression')
    .option('--capture', 'capture')
    .option('--fifo <path>', 'named pipe to write to')
    .option('--no-wait', 'fail when there is no tap, instead of waiting for it')
    .action(async (flags: Flags) => {
      await withStopSignals((signal) => run(flags, signal));
    });
}

async function run(flags: Flags, signal: AbortSignal): Promise<void> {
  const { extcapInterface, extcapCaptureFilter, fifo } = flags;
  if (flags.install !== undefined) install(flags.install === true ? wiresharkFolder() : flags.install);
  else if (flags.extcapInterfaces) listInterfaces();
  else if (extcapInterface === undefined) throw usage('one of --install, --extcap-interfaces and --extcap-interface');
  else if (flags.extcapDlts) print(['dlt {number=1}{name=EN10MB}{display=Ethernet}']);
  else if (flags.extcapConfig) {
    const tooltip = 'Otherwise the capture begins as soon as a bridge with a tap is started';
    const display = 'Fail when there is no tap';
    print([`arg {number=0}{call=--no-wait}{display=${display}}{tooltip=${tooltip}}{type=boolflag}{default=false}`]);
  } else if (flags.capture) {
    if (fifo === undefined) throw usage('--capture needs --fifo');
    await capture(tapOf(extcapInterface), extcapCaptureFilter ?? '', fifo, flags.wait, signal);
  } else if (extcapCaptureFilter !== undefined) checkFilter(extcapCaptureFilter);
}

function listInterfaces(): void {
  // The usual one is shown also when there is none yet: the capture waits for it.
  const names = [...new Set([TAP_NAME, ...listTaps()])];
  print([
    'extcap {version=1.0}{help=https://www.npmjs.com/package/xdpkit}',
    ...names.map((name) => `interface {value=${PREFIX}${name}}{display=xdpkit tap ${name}}`),
  ]);
}

/** Wireshark takes what is printed for what is wrong with the expression. */
function checkFilter(text: string): void {
  try {
    expressionOf([text]);
  } catch (error) {
    print([(error as Error).message]);
  }
}

async function capture(name: string, filter: string, fifo: string, wait: boolean, signal: AbortSignal): Promise<void> {
  const expression = expressionOf([filter]);
  const output = StreamOutput.pipe(fifo);
  const tap = await openTap(name, wait, signal);
  if (tap === undefined) return;
  try {
    const writer = new PcapngWriter(tap.names.interfaces, tap.status().snapLength);
    writer.begin();
    const sink = captureSink(writer, output, tap.names);
    if (await sink.flush()) await collectPackets(tap, sink, { expression, signal });
    if (!signal.aborted) await sink.close();
  } finally {
    tap.close();
  }
}

function tapOf(value: string): string {
  if (value.startsWith(PREFIX)) return value.slice(PREFIX.length);
  throw new XdpError('XDP_ERR_USAGE', `${JSON.stringify(value)} is no interface of this plug-in`);
}

/** Where Wireshark looks: newer ones also in a folder of the user's. @throws XDP_ERR_USAGE when it can't be told */
function wiresharkFolder(): string {
  let folders = '';
  try {
    folders = execFileSync('tshark', ['-G', 'folders'], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] });
  } catch {
    // Not installed, or not in PATH.
  }
  const folder = /^Personal Extcap path:\s*(.+)$/m.exec(folders) ?? /^(?:Global )?Extcap path:\s*(.+)$/m.exec(folders);
  if (folder !== null) return folder[1]!;
  throw new XdpError('XDP_ERR_USAGE', "tshark doesn't tell where Wireshark looks for extcap plug-ins", {
    advice: 'name the folder: Wireshark shows it under Help, About, Folders',
  });
}

function install(folder: string): void {
  mkdirSync(folder, { recursive: true });
  const path = join(folder, 'xdpkit');
  const command = [process.execPath, fileURLToPath(new URL('./main.js', import.meta.url))];
  const words = command.map((word) => `'${word.replaceAll("'", "'\\''")}'`).join(' ');
  writeFileSync(
    path,
    `#!/bin/sh\n# Shows the taps of xdpkit in Wireshark; written by xdpkit extcap --install.\nexec ${words} extcap "$@"\n`,
  );
  chmodSync(path, 0o755);
  print([`wrote ${path}`]);
}

function print(lines: readonly string[]): void {
  for (const line of lines) process.stdout.write(`${line}\n`);
}

function usage(wanted: string): XdpError {
  return new XdpError('XDP_ERR_USAGE', `xdpkit extcap wants ${wanted}`);
}
