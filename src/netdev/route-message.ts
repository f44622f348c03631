import { ipVersion } from './ip-family.js';
import { formatIp } from './ip-text.js';
import { Attributes, viewOf } from './netlink-attributes.js';

/** `struct rtmsg`: u8 family, dst_len, src_len, tos, table, protocol, scope, type; u32 flags. */
export const RTMSG_LENGTH = 12;
/** `struct rtnexthop`: u16 length, u8 flags, u8 weight less 1, i32 index; then attributes. */
const RTNEXTHOP_LENGTH = 8;

export const RTA = {
  DST: 1,
  OIF: 4,
  GATEWAY: 5,
  PRIORITY: 6,
  PREFSRC: 7,
  MULTIPATH: 9,
  TABLE: 15,
  VIA: 18,
} as const;

/** RTN_…: what becomes of a packet. */
export const ROUTE_TYPES = {
  unspecified: 0,
  unicast: 1,
  local: 2,
  broadcast: 3,
  anycast: 4,
  multicast: 5,
  blackhole: 6,
  unreachable: 7,
  prohibit: 8,
  throw: 9,
  nat: 10,
} as const;
export type RouteType = keyof typeof ROUTE_TYPES;

/** Where a route leads. */
export interface NextHop {
  /** Index of the interface; absent where there is none. */
  readonly index?: number;
  /** The next router, which may be an IPv6 one of an IPv4 route (RFC 5549); absent when the destination is on the link. */
  readonly gateway?: string;
  /** Its share among several, 1 to 256. */
  readonly weight: number;
}

export interface Route {
  readonly family: 4 | 6;
  /** Address with prefix length; a default route's is `0.0.0.0/0` or `::/0`. */
  readonly destination: string;
  /** Number of the table: 254 is the main one, 255 that of the local addresses. */
  readonly table: number;
  readonly type: RouteType;
  /** Who made it, a number of /etc/iproute2/rt_protos: 2 the kernel, 3 `ip` (boot), 4 an administrator (static). */
  readonly protocol: number;
  /** Among routes to the same destination the lowest wins; 0 when none was given to an IPv4 route. */
  readonly metric: number;
  /** The address that packets are sent from unless their sender says otherwise. */
  readonly source?: string;
  /** One for most routes, none for those that lead nowhere. */
  readonly nextHops: readonly NextHop[];
}

/**
 * Decodes an RTM_NEWROUTE message.
 *
 * @returns `undefined` for a route of another family than IP
 * @throws XDP_ERR_NETLINK when it is malformed
 */
export function decodeRoute(payload: Uint8Array): Route | undefined {
  const attributes = Attributes.decode(payload, RTMSG_LENGTH);
  const family = ipVersion(payload[0]);
  if (family === undefined) return undefined;
  const destination = attributes.bytes(RTA.DST);
  const address = destination === undefined ? ANY[family] : formatIp(destination);
  const source = attributes.bytes(RTA.PREFSRC);
  const number = payload[7];
  const [type = 'unspecified'] = Object.entries(ROUTE_TYPES).find(([, value]) => value === number) ?? [];
  return {
    family,
    destination: `${address}/${payload[1] ?? 0}`,
    table: attributes.u32(RTA.TABLE) ?? payload[4] ?? 0,
    type: type as RouteType,
    protocol: payload[5] ?? 0,
    metric: attributes.u32(RTA.PRIORITY) ?? 0,
    ...(source !== undefined && { source: formatIp(source) }),
    nextHops: decodeNextHops(attributes),
  };
}
const ANY = { 4: '0.0.0.0', 6: '::' } as const;

function decodeNextHops(route: Attributes): NextHop[] {
  const bytes = route.bytes(RTA.MULTIPATH);
  if (bytes === undefined) {
    const index = route.u32(RTA.OIF);
    const gateway = decodeGateway(route);
    return index === undefined && gateway === undefined ? [] : [nextHop(index, gateway, 1)];
  }
  const view = viewOf(bytes);
  const hops: NextHop[] = [];
  for (let at = 0; at + RTNEXTHOP_LENGTH <= bytes.length; ) {
    const length = Math.max(RTNEXTHOP_LENGTH, view.getUint16(at, true));
    const attributes = Attributes.decode(bytes.subarray(at, at + length), RTNEXTHOP_LENGTH);
    hops.push(nextHop(view.getInt32(at + 4, true), decodeGateway(attributes), view.getUint8(at + 3) + 1));
    at += (length + 3) & ~3;
  }
  return hops;
}

function nextHop(index: number | undefined, gateway: string | undefined, weight: number): NextHop {
  return { ...(index !== undefined && { index }), ...(gateway !== undefined && { gateway }), weight };
}

/** RTA_VIA is for a gateway of the other family: u16 family, then the address. */
function decodeGateway(attributes: Attributes): string | undefined {
  const bytes = attributes.bytes(RTA.GATEWAY) ?? attributes.bytes(RTA.VIA)?.subarray(2);
  return bytes && formatIp(bytes);
}
