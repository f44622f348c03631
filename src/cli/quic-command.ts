import { Command } from 'commander';
import { quicBackendsCommand } from './quic-backends-command.js';
import { quicSteerCommand } from './quic-steer-command.js';
import { quicTopCommand } from './quic-top-command.js';
import { quicWatchCommand } from './quic-watch-command.js';

/** `xdpkit quic …` */
export function quicCommand(): Command {
  return new Command('quic')
    .summary('QUIC on an interface: look at it, steer it')
    .description(
      'Look at the QUIC packets of an interface, and bring each to the backend that its connection ID names.',
    )
    .addCommand(quicSteerCommand())
    .addCommand(quicBackendsCommand())
    .addCommand(quicTopCommand())
    .addCommand(quicWatchCommand());
}
