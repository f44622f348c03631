import { defaultRouteInterfaces, type Link, listAddresses, type NetnsOptions } from '../netdev/index.js';
import { XdpError } from '../sys/index.js';

/**
 * Refuses an interface that somebody sitting far away would miss: the one that carries a default route, and the one that
 * this very session comes in by (SSH_CONNECTION).
 *
 * @throws XDP_ERR_PROTECTED
 */
export function refuseProtected(link: Link, options: NetnsOptions): void {
  const refuse = (why: string): never => {
    throw new XdpError('XDP_ERR_PROTECTED', `${link.name} ${why}`, {
      advice: 'taking its traffic may cut this machine off; use --force if that is meant',
    });
  };
  if (defaultRouteInterfaces(options).has(link.index)) refuse('carries the default route');
  // SSH_CONNECTION: client address, client port, server address, server port.
  const server = process.env['SSH_CONNECTION']?.split(' ')[2];
  if (server !== undefined && options.netns === undefined) {
    const here = listAddresses({ link: link.index }).some(({ address }) => address === server);
    if (here) refuse('carries the connection of this session');
  }
}
