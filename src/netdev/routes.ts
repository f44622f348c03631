import { Errno, isErrno, XdpError } from '../sys/index.js';
import { parseIp } from '../wire/index.js';
import { AF_INET, AF_INET6, familyOf } from './ip-family.js';
import { parsePrefix } from './ip-text.js';
import { getLink } from './links.js';
import { PayloadWriter } from './netlink-attributes.js';
import { NLM_F_CREATE, NLM_F_EXCL, NLM_F_REPLACE } from './netlink-codec.js';
import { NETLINK_ROUTE, NetlinkSocket, type NetnsOptions } from './netlink-socket.js';
import { decodeRoute, ROUTE_TYPES, type Route, type RouteType, RTA, RTMSG_LENGTH } from './route-message.js';

const RTM_NEWROUTE = 24;
const RTM_DELROUTE = 25;
const RTM_GETROUTE = 26;
const RT_TABLE_MAIN = 254;
const RTPROT_STATIC = 4;
const RT_SCOPE_UNIVERSE = 0;
const RT_SCOPE_LINK = 253;
const RT_SCOPE_HOST = 254;
/** In a request to delete: whatever it is. */
const RT_SCOPE_NOWHERE = 255;

export interface ListRoutesOptions extends NetnsOptions {
  /** Number of the table; `all` for every one. Default: the main one, 254. */
  readonly table?: number | 'all';
  /** Default: both. */
  readonly family?: 4 | 6;
}

/** The routes of a table, in the kernel's order. Needs no privilege in the own namespace. */
export function listRoutes(options: ListRoutesOptions = {}): Route[] {
  const { table = RT_TABLE_MAIN, family } = options;
  using socket = new NetlinkSocket(NETLINK_ROUTE, options);
  const families = family === undefined ? [AF_INET, AF_INET6] : [family === 4 ? AF_INET : AF_INET6];
  return families.flatMap((each) => dumpRoutes(socket, each, table));
}

/** Indices of the interfaces that carry an IPv4 or IPv6 default route of the main table. Needs no privilege. */
export function defaultRouteInterfaces(options: NetnsOptions = {}): Set<number> {
  const leading = listRoutes(options).filter(
    ({ destination, type }) => destination.endsWith('/0') && type === 'unicast',
  );
  return new Set(leading.flatMap(({ nextHops }) => nextHops.flatMap(({ index }) => index ?? [])));
}

/** Which route is meant. */
export interface RouteKey {
  /** Address with prefix length; `0.0.0.0/0` or `::/0` for a default route. */
  readonly destination: string;
  /** Default: the main one, 254. */
  readonly table?: number;
  /** Absent: 0 for IPv4 and 1024 for IPv6; when removing, whatever it is. */
  readonly metric?: number;
  /** The next router; an IPv4 route may have an IPv6 one. */
  readonly gateway?: string;
  /** Name or index of the interface; absent where the gateway says it. */
  readonly link?: string | number;
}

export interface RouteOptions extends RouteKey {
  /** Default `unicast`. */
  readonly type?: RouteType;
  /** The address to send from. */
  readonly source?: string;
  /** Take the place of a route of the same destination and metric. Default false. */
  readonly replace?: boolean;
}

/**
 * Makes a route. Needs CAP_NET_ADMIN.
 *
 * @throws XDP_ERR_USAGE for an address that isn't one, XDP_ERR_NO_INTERFACE, XDP_ERR_NETLINK with EEXIST when there is
 *   one already, with ENETUNREACH when its gateway can't be reached
 */
export function addRoute(route: RouteOptions, options: NetnsOptions = {}): void {
  const { destination, gateway, type = 'unicast', source, replace = false } = route;
  const scope = type === 'local' ? RT_SCOPE_HOST : gateway === undefined ? RT_SCOPE_LINK : RT_SCOPE_UNIVERSE;
  const nowhere = type !== 'unicast' && type !== 'local';
  const payload = encodeRoute(route, options, nowhere ? RT_SCOPE_UNIVERSE : scope, RTPROT_STATIC, ROUTE_TYPES[type]);
  if (source !== undefined) payload.bytes(RTA.PREFSRC, parseIp(source));
  using socket = new NetlinkSocket(NETLINK_ROUTE, options);
  const flags = NLM_F_CREATE | (replace ? NLM_F_REPLACE : NLM_F_EXCL);
  socket.request(`adding a route to ${destination}`, RTM_NEWROUTE, payload.finish(), flags);
}

/**
 * Removes a route: the first that has all that is given. Needs CAP_NET_ADMIN.
 *
 * @throws XDP_ERR_USAGE, XDP_ERR_NO_INTERFACE, XDP_ERR_NETLINK with ESRCH when there is none
 */
export function removeRoute(route: RouteKey, options: NetnsOptions = {}): void {
  const payload = encodeRoute(route, options, RT_SCOPE_NOWHERE, 0, ROUTE_TYPES.unspecified);
  using socket = new NetlinkSocket(NETLINK_ROUTE, options);
  socket.request(`removing the route to ${route.destination}`, RTM_DELROUTE, payload.finish());
}

function encodeRoute(
  route: RouteKey,
  options: NetnsOptions,
  scope: number,
  protocol: number,
  type: number,
): PayloadWriter {
  const { destination, table = RT_TABLE_MAIN, metric, gateway, link } = route;
  const { address, prefixLength } = parsePrefix(destination);
  const header = new Uint8Array(RTMSG_LENGTH);
  header.set([familyOf(address), prefixLength, 0, 0, table < 256 ? table : 0, protocol, scope, type]);
  const payload = new PayloadWriter(header).bytes(RTA.DST, address).u32(RTA.TABLE, table);
  if (metric !== undefined) payload.u32(RTA.PRIORITY, metric);
  if (link !== undefined) payload.u32(RTA.OIF, getLink(link, options).index);
  if (gateway !== undefined) writeGateway(payload, address, parseIp(gateway));
  return payload;
}

function writeGateway(payload: PayloadWriter, destination: Uint8Array, gateway: Uint8Array): void {
  if (gateway.length === destination.length) {
    payload.bytes(RTA.GATEWAY, gateway);
  } else if (destination.length === 4) {
    payload.bytes(RTA.VIA, Uint8Array.of(AF_INET6, 0, ...gateway));
  } else {
    throw new XdpError('XDP_ERR_USAGE', 'a route to an IPv6 destination needs an IPv6 gateway');
  }
}

function dumpRoutes(socket: NetlinkSocket, family: number, table: number | 'all'): Route[] {
  const header = new Uint8Array(RTMSG_LENGTH);
  header[0] = family;
  // Strict checking makes the table a filter in the kernel: a router's other tables may be huge.
  const payload = new PayloadWriter(header);
  if (table !== 'all') payload.u32(RTA.TABLE, table);
  try {
    const answers = socket.dump('listing routes', RTM_GETROUTE, payload.finish());
    return answers.flatMap((answer) => decodeRoute(answer.payload) ?? []);
  } catch (error) {
    // No such table, or no such family in this kernel.
    if (isErrno(error, Errno.ENOENT, Errno.EOPNOTSUPP)) return [];
    throw error;
  }
}
