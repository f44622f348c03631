import { Errno, isErrno } from '../sys/index.js';
import { Attributes, PayloadWriter } from './netlink-attributes.js';
import { NETLINK_ROUTE, NetlinkSocket, type NetnsOptions } from './netlink-socket.js';

const RTM_GETROUTE = 26;
const AF_INET = 2;
const AF_INET6 = 10;
/** `struct rtmsg`: u8 family, dst_len, src_len, tos, table, protocol, scope, type; u32 flags. */
const RTMSG_LENGTH = 12;
const RT_TABLE_MAIN = 254;
const RTN_UNICAST = 1;
const RTA_OIF = 4;
const RTA_MULTIPATH = 9;
const RTA_TABLE = 15;
/** `struct rtnexthop`: u16 length, u8 flags, u8 hops, i32 index; then attributes. */
const RTNEXTHOP_LENGTH = 8;

/** Indices of the interfaces that carry an IPv4 or IPv6 default route of the main table. Needs no privilege. */
export function defaultRouteInterfaces(options: NetnsOptions = {}): Set<number> {
  using socket = new NetlinkSocket(NETLINK_ROUTE, options);
  const indices = new Set<number>();
  for (const family of [AF_INET, AF_INET6]) {
    for (const index of dumpMainTable(socket, family).flatMap(decodeDefaultRoute)) indices.add(index);
  }
  return indices;
}

function dumpMainTable(socket: NetlinkSocket, family: number): Uint8Array[] {
  const header = new Uint8Array(RTMSG_LENGTH);
  header[0] = family;
  // Strict checking makes the table a filter in the kernel: a router's other tables may be huge.
  const payload = new PayloadWriter(header).u32(RTA_TABLE, RT_TABLE_MAIN).finish();
  try {
    return socket.dump('listing routes', RTM_GETROUTE, payload).map((answer) => answer.payload);
  } catch (error) {
    // No such table, or no such family in this kernel.
    if (isErrno(error, Errno.ENOENT, Errno.EOPNOTSUPP)) return [];
    throw error;
  }
}

/**
 * The interfaces of an RTM_NEWROUTE message, if it is a default route of the main table that leads somewhere.
 *
 * @throws XDP_ERR_NETLINK when it is malformed
 */
export function decodeDefaultRoute(payload: Uint8Array): number[] {
  const attributes = Attributes.decode(payload, RTMSG_LENGTH);
  const destinationLength = payload[1];
  const table = attributes.u32(RTA_TABLE) ?? payload[4];
  if (destinationLength !== 0 || table !== RT_TABLE_MAIN || payload[7] !== RTN_UNICAST) return [];
  const oif = attributes.u32(RTA_OIF);
  return [...(oif === undefined ? [] : [oif]), ...decodeNextHops(attributes.bytes(RTA_MULTIPATH))];
}

function decodeNextHops(bytes: Uint8Array = new Uint8Array(0)): number[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const indices: number[] = [];
  for (let at = 0; at + RTNEXTHOP_LENGTH <= bytes.length; ) {
    indices.push(view.getInt32(at + 4, true));
    at += Math.max(RTNEXTHOP_LENGTH, (view.getUint16(at, true) + 3) & ~3);
  }
  return indices;
}
