import { IFLA, IFLA_INFO_KIND, linkHeader, RTM_NEWLINK } from './link-message.js';
import { setLink } from './links.js';
import { PayloadWriter } from './netlink-attributes.js';
import { NLM_F_CREATE, NLM_F_EXCL } from './netlink-codec.js';
import { NETLINK_ROUTE, NetlinkSocket, type NetnsOptions } from './netlink-socket.js';

export interface KernelBridgeOptions extends NetnsOptions {
  /** At most 15 bytes. */
  readonly name: string;
  /** Interfaces to make ports of it, by name. */
  readonly ports?: readonly string[];
}

/**
 * Makes a bridge of the kernel's own and sets it up: something to compare with. `deleteLink` removes it and leaves its
 * ports. Needs CAP_NET_ADMIN.
 *
 * @throws XDP_ERR_NETLINK with EEXIST when the name is taken, XDP_ERR_NO_INTERFACE for a port that isn't there
 */
export function createKernelBridge(options: KernelBridgeOptions): void {
  const { name, ports = [], netns } = options;
  const payload = new PayloadWriter(linkHeader(0))
    .string(IFLA.IFNAME, name)
    .nested(IFLA.LINKINFO, (info) => info.string(IFLA_INFO_KIND, 'bridge'));
  using socket = new NetlinkSocket(NETLINK_ROUTE, { netns });
  socket.request(`making bridge ${name}`, RTM_NEWLINK, payload.finish(), NLM_F_CREATE | NLM_F_EXCL);
  for (const port of ports) setLink(port, { master: name }, { netns });
  setLink(name, { up: true }, { netns });
}
