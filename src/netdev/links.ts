import { Errno, isErrno, openNamespace, XdpError } from '../sys/index.js';
import { driverName } from './driver.js';
import { EthtoolSocket } from './ethtool-socket.js';
import {
  allLinks,
  decodeLink,
  IFF_UP,
  IFLA,
  type Link,
  linkHeader,
  RTEXT_FILTER_SKIP_STATS,
  RTM_DELLINK,
  RTM_GETLINK,
  RTM_NEWLINK,
} from './link-message.js';
import { parseMac } from './mac.js';
import { PayloadWriter } from './netlink-attributes.js';
import { NETLINK_ROUTE, NetlinkSocket, type NetnsOptions } from './netlink-socket.js';
import { listQueueCounts, readQueueCounts } from './queue-counts.js';

const INTERFACE_NAME_LENGTH = 15;
/** Longer lists don't help in an error message. */
const NAMES_SHOWN = 16;

/** All interfaces of a namespace, in the kernel's order. Needs no privilege in the own namespace. */
export function listLinks(options: NetnsOptions = {}): Link[] {
  using socket = new NetlinkSocket(NETLINK_ROUTE, options);
  const answers = socket.dump('listing links', RTM_GETLINK, allLinks());
  using ethtool = new EthtoolSocket(options);
  const queues = listQueueCounts(ethtool);
  return answers.map((answer) =>
    decodeLink(answer.payload, (index, name) => ({
      queues: queues.get(index),
      driver: driverName(socket.fd, name),
    })),
  );
}

/**
 * One interface, by name (an alternative name too) or index. Needs no privilege in the own namespace.
 *
 * @throws XDP_ERR_NO_INTERFACE, with the names that exist in its advice
 */
export function getLink(nameOrIndex: string | number, options: NetnsOptions = {}): Link {
  using socket = new NetlinkSocket(NETLINK_ROUTE, options);
  const payload = new PayloadWriter(linkHeader(typeof nameOrIndex === 'number' ? nameOrIndex : 0));
  if (typeof nameOrIndex === 'string') {
    payload.string(nameOrIndex.length > INTERFACE_NAME_LENGTH ? IFLA.ALT_IFNAME : IFLA.IFNAME, nameOrIndex);
  }
  payload.u32(IFLA.EXT_MASK, RTEXT_FILTER_SKIP_STATS);
  try {
    const [answer] = socket.request(`looking up link ${nameOrIndex}`, RTM_GETLINK, payload.finish());
    if (answer === undefined) throw noInterface(nameOrIndex, options);
    using ethtool = new EthtoolSocket(options);
    return decodeLink(answer.payload, (index, name) => ({
      queues: readQueueCounts(ethtool, index),
      driver: driverName(socket.fd, name),
    }));
  } catch (error) {
    // The kernel calls a name that can't be one (empty, too long) or an index of 0 invalid.
    if (isErrno(error, Errno.ENODEV, Errno.EINVAL, Errno.ERANGE)) throw noInterface(nameOrIndex, options, error);
    throw error;
  }
}

export interface LinkChanges {
  readonly up?: boolean;
  /** Bytes above the Ethernet header. */
  readonly mtu?: number;
  readonly mac?: string;
  /** At most 15 bytes. */
  readonly newName?: string;
  /** Bridge, bond or team to make the interface a port of, by name or index; null to take it out of the one it is in. */
  readonly master?: string | number | null;
  /** Network namespace to move the interface to: name or path. The other changes are made as well. */
  readonly moveTo?: string;
}

/**
 * Changes an interface, all in one request. Needs CAP_NET_ADMIN.
 *
 * @throws XDP_ERR_NO_INTERFACE, XDP_ERR_NO_NAMESPACE, XDP_ERR_NETLINK
 */
export function setLink(nameOrIndex: string | number, changes: LinkChanges, options: NetnsOptions = {}): void {
  const { index } = getLink(nameOrIndex, options);
  const { up, mtu, mac, newName, master, moveTo } = changes;
  const header = up === undefined ? linkHeader(index) : linkHeader(index, up ? IFF_UP : 0, IFF_UP);
  const payload = new PayloadWriter(header);
  if (mtu !== undefined) payload.u32(IFLA.MTU, mtu);
  if (mac !== undefined) payload.bytes(IFLA.ADDRESS, parseMac(mac));
  if (newName !== undefined) payload.string(IFLA.IFNAME, newName);
  if (master !== undefined) payload.u32(IFLA.MASTER, master === null ? 0 : getLink(master, options).index);
  using target = moveTo === undefined ? undefined : openNamespace(moveTo);
  if (target !== undefined) payload.u32(IFLA.NET_NS_FD, target.fd);
  using socket = new NetlinkSocket(NETLINK_ROUTE, options);
  socket.request(`changing link ${nameOrIndex}`, RTM_NEWLINK, payload.finish());
}

/**
 * Deletes a virtual interface; with one end of a veth pair the other goes too. Needs CAP_NET_ADMIN.
 *
 * @throws XDP_ERR_NO_INTERFACE, XDP_ERR_NETLINK when it is hardware
 */
export function deleteLink(nameOrIndex: string | number, options: NetnsOptions = {}): void {
  const { index } = getLink(nameOrIndex, options);
  using socket = new NetlinkSocket(NETLINK_ROUTE, options);
  socket.request(`deleting link ${nameOrIndex}`, RTM_DELLINK, linkHeader(index));
}

function noInterface(nameOrIndex: string | number, options: NetnsOptions, cause?: unknown): XdpError {
  const names = listLinks(options).map(({ name }) => name);
  const shown = names.slice(0, NAMES_SHOWN).join(', ') + (names.length > NAMES_SHOWN ? ', …' : '');
  const where = options.netns === undefined ? '' : ` in network namespace ${options.netns}`;
  const what = typeof nameOrIndex === 'number' ? `with index ${nameOrIndex}` : `called ${JSON.stringify(nameOrIndex)}`;
  return new XdpError('XDP_ERR_NO_INTERFACE', `there is no interface ${what}${where}`, {
    advice: `the interfaces there are: ${shown}`,
    cause,
  });
}
