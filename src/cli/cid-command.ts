import { Command } from 'commander';
import { cidDecodeCommand } from './cid-decode-command.js';
import { cidEncodeCommand } from './cid-encode-command.js';
import { cidGenerateCommand } from './cid-generate-command.js';

/** `xdpkit cid …` */
export function cidCommand(): Command {
  return new Command('cid')
    .summary('connection IDs of QUIC: which server do they name?')
    .description(
      'Read and make QUIC connection IDs that tell load balancers which server a packet is for. docs/cid-codecs.md has the codecs.',
    )
    .addCommand(cidDecodeCommand())
    .addCommand(cidEncodeCommand())
    .addCommand(cidGenerateCommand());
}
