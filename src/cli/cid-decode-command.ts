import { Command, InvalidArgumentError } from 'commander';
import { addCodecOptions, type CodecFlags, codecOf, hexBytes, serverJson, serverText } from './cid-options.js';
import { printJson } from './output.js';

interface Flags extends CodecFlags {
  readonly json?: true;
}

export function cidDecodeCommand(): Command {
  const command = new Command('decode')
    .summary('say which server an ID names')
    .description('Say which server connection IDs name, and what they are made of.')
    .argument('<id...>', 'hexadecimal digits, at most 20 bytes', collectIds);
  return addCodecOptions(command)
    .option('--json', 'print a line of JSON for each ID')
    .addHelpText('after', EXAMPLES)
    .action((ids: readonly Uint8Array[], flags: Flags) => decode(ids, flags));
}

const EXAMPLES = `
Examples:
  xdpkit cid decode --codec cidv1 01aa0007deadbeef
  xdpkit cid decode --codec quic-lb --server-id-length 3 --nonce-length 4 \\
      --key 8f95f09245765f80256934e50c66207f 0720b1d07b359d3c

It needs no privileges. Exit codes: 0 each ID names a server, 1 one doesn't, 2 usage.`;

const LONGEST_ID = 20;

function collectIds(text: string, before: readonly Uint8Array[] = []): Uint8Array[] {
  const id = hexBytes(text);
  if (id.length === 0 || id.length > LONGEST_ID) throw new InvalidArgumentError('It must be 1 to 20 bytes.');
  return [...before, id];
}

function decode(ids: readonly Uint8Array[], flags: Flags): void {
  const codec = codecOf(flags);
  for (const id of ids) {
    const { server, fields } = codec.describe(id);
    const digits = Buffer.from(id).toString('hex');
    if (server < 0) process.exitCode = 1;
    if (flags.json) {
      printJson('cid', { codec: codec.name, id: digits, ...serverJson(server), fields });
      continue;
    }
    const parts = fields.map(({ name, value }) => `${name} ${value}`);
    process.stdout.write(`${digits}  ${serverText(server)}${parts.length > 0 ? `  (${parts.join(', ')})` : ''}\n`);
  }
}
