import { randomInt } from 'node:crypto';
import { Command, Option } from 'commander';
import { QuicLb } from '../quic/index.js';
import { XdpError } from '../sys/index.js';
import { wholeNumber } from './arguments.js';
import { printId } from './cid-encode-command.js';
import { addCodecOptions, type CodecFlags, codecOf } from './cid-options.js';

interface Flags extends CodecFlags {
  readonly count: number;
  readonly unroutable?: number;
  readonly json?: true;
}

export function cidGenerateCommand(): Command {
  const command = new Command('generate')
    .summary('make many IDs, of any servers')
    .description('Make connection IDs of servers that chance chooses, for tests and load.');
  return addCodecOptions(command)
    .addOption(new Option('-n, --count <n>', 'how many').argParser(wholeNumber(1, 2 ** 32)).default(10))
    .addOption(
      new Option('--unroutable <length>', 'quic-lb: IDs of so many bytes that name no server').argParser(
        wholeNumber(8, 20),
      ),
    )
    .option('--json', 'print a line of JSON for each ID')
    .addHelpText('after', EXAMPLES)
    .action((flags: Flags) => generate(flags));
}

const EXAMPLES = `
Examples:
  xdpkit cid generate --codec katran -n 100
  xdpkit cid generate --codec quic-lb --server-id-length 2 --nonce-length 6 --unroutable 12

It needs no privileges. Exit codes: 0 made, 2 usage.`;

function generate(flags: Flags): void {
  const codec = codecOf(flags);
  const { count, unroutable, json } = flags;
  if (unroutable !== undefined && !(codec instanceof QuicLb)) {
    throw new XdpError('XDP_ERR_USAGE', `--unroutable is no option of ${codec.name}`);
  }
  for (let i = 0; i < count; i++) {
    const id =
      unroutable !== undefined && codec instanceof QuicLb
        ? codec.encodeUnroutable(unroutable)
        : codec.encode(randomInt(codec.lowestServer, codec.highestServer + 1));
    printId(codec, id, json);
  }
}
