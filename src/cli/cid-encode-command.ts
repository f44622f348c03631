import { Command, Option } from 'commander';
import { type CidCodec, QuicLb } from '../quic/index.js';
import { XdpError } from '../sys/index.js';
import { wholeNumber } from './arguments.js';
import { addCodecOptions, type CodecFlags, codecOf, hexBytes, serverJson } from './cid-options.js';
import { printJson } from './output.js';

interface Flags extends CodecFlags {
  readonly fullServerId?: Uint8Array;
  readonly nonce?: Uint8Array;
  readonly json?: true;
}

export function cidEncodeCommand(): Command {
  const command = new Command('encode')
    .summary('make an ID that names a server')
    .description('Make a connection ID for each server. What an ID has besides is random.')
    .argument('[server...]', 'whole numbers', (text, before: readonly number[] = []) => [
      ...before,
      wholeNumber(0, 0xffff_ffff)(text),
    ]);
  return addCodecOptions(command)
    .addOption(
      new Option('--full-server-id <hex>', 'quic-lb: all bytes of a server ID, instead of a number').argParser(
        hexBytes,
      ),
    )
    .addOption(new Option('--nonce <hex>', 'quic-lb: with --full-server-id, no random one').argParser(hexBytes))
    .option('--json', 'print a line of JSON for each ID')
    .addHelpText('after', EXAMPLES)
    .action((servers: readonly number[], flags: Flags) => encode(servers, flags));
}

const EXAMPLES = `
Examples:
  xdpkit cid encode --codec cidv1 7
  xdpkit cid encode --codec katran --id-version 2 1 2 3
  xdpkit cid encode --codec quic-lb --server-id-length 3 --nonce-length 4 --self-length \\
      --key 8f95f09245765f80256934e50c66207f --full-server-id ed793a --nonce ee080dbf

It needs no privileges. Exit codes: 0 made, 2 usage.`;

function encode(servers: readonly number[], flags: Flags): void {
  const codec = codecOf(flags);
  const { fullServerId, json } = flags;
  if (fullServerId !== undefined) {
    printId(codec, exactId(codec, fullServerId, flags, servers), json);
    return;
  }
  if (flags.nonce !== undefined) throw new XdpError('XDP_ERR_USAGE', '--nonce needs --full-server-id');
  if (servers.length === 0) {
    throw new XdpError('XDP_ERR_USAGE', 'which server?', {
      advice: `give a number from ${codec.lowestServer} to ${codec.highestServer}`,
    });
  }
  for (const server of servers) printId(codec, codec.encode(server), json);
}

function exactId(codec: CidCodec, serverId: Uint8Array, { nonce }: Flags, servers: readonly number[]): Uint8Array {
  if (!(codec instanceof QuicLb)) throw new XdpError('XDP_ERR_USAGE', `--full-server-id is no option of ${codec.name}`);
  if (nonce === undefined) throw new XdpError('XDP_ERR_USAGE', '--full-server-id needs --nonce');
  if (servers.length > 0) throw new XdpError('XDP_ERR_USAGE', 'a server has a number or --full-server-id, not both');
  return codec.encodeParts(serverId, nonce);
}

export function printId(codec: CidCodec, id: Uint8Array, json: true | undefined): void {
  const digits = Buffer.from(id).toString('hex');
  if (json) printJson('cid', { codec: codec.name, id: digits, ...serverJson(codec.decode(id)) });
  else process.stdout.write(`${digits}\n`);
}
