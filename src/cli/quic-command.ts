import { Command } from 'commander';
import { quicWatchCommand } from './quic-watch-command.js';

/** `xdpkit quic …` */
export function quicCommand(): Command {
  return new Command('quic')
    .summary('QUIC on an interface: look at it, steer it')
    .description(
      'Look at the QUIC packets of an interface, and bring each to the backend that its connection ID names.',
    )
    .addCommand(quicWatchCommand());
}
