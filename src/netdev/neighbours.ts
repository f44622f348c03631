import { parseIp } from '../wire/index.js';
import { AF_INET, AF_INET6, familyOf, ipVersion } from './ip-family.js';
import { formatIp } from './ip-text.js';
import { getLink } from './links.js';
import { formatMac, parseMac } from './mac.js';
import { Attributes, PayloadWriter, viewOf } from './netlink-attributes.js';
import { NLM_F_CREATE, NLM_F_REPLACE } from './netlink-codec.js';
import { NETLINK_ROUTE, NetlinkSocket, type NetnsOptions } from './netlink-socket.js';

const RTM_NEWNEIGH = 28;
const RTM_DELNEIGH = 29;
const RTM_GETNEIGH = 30;
/** `struct ndmsg`: u8 family, 3 bytes of padding, i32 index, u16 state, u8 flags, u8 type. */
const NDMSG_LENGTH = 12;
const NDA_DST = 1;
const NDA_LLADDR = 2;
const NDA_IFINDEX = 8;
const NTF_ROUTER = 0x80;

/** NUD_…: include/uapi/linux/neighbour.h. */
const STATES = {
  none: 0x00,
  incomplete: 0x01,
  reachable: 0x02,
  stale: 0x04,
  delay: 0x08,
  probe: 0x10,
  failed: 0x20,
  noarp: 0x40,
  permanent: 0x80,
} as const;

/**
 * What the kernel knows of a neighbour's reachability (RFC 4861, 7.3.2, used for ARP too). A `permanent` one is never
 * asked for and never forgotten; `noarp` is one of an interface or an address that needs no asking.
 */
export type NeighbourState = keyof typeof STATES;

/** An entry of the ARP or neighbour discovery cache. */
export interface Neighbour {
  /** The interface's. */
  readonly index: number;
  readonly family: 4 | 6;
  readonly address: string;
  /** Link-layer address, lower case with colons; absent while it isn't known. */
  readonly mac?: string;
  readonly state: NeighbourState;
  /** IPv6: whether it says that it is a router. */
  readonly router: boolean;
}

export interface ListNeighboursOptions extends NetnsOptions {
  /** Only those of this interface. */
  readonly link?: string | number;
  readonly family?: 4 | 6;
}

/** The neighbours the kernel knows, as `ip neighbour show nud all` does: both families, all interfaces. */
export function listNeighbours(options: ListNeighboursOptions = {}): Neighbour[] {
  const family = options.family === undefined ? 0 : options.family === 4 ? AF_INET : AF_INET6;
  const payload = new PayloadWriter(neighbourHeader(family, 0, 0, 0));
  if (options.link !== undefined) payload.u32(NDA_IFINDEX, getLink(options.link, options).index);
  using socket = new NetlinkSocket(NETLINK_ROUTE, options);
  const answers = socket.dump('listing neighbours', RTM_GETNEIGH, payload.finish());
  return answers.flatMap((answer) => decodeNeighbour(answer.payload) ?? []);
}

export interface SetNeighbourOptions extends NetnsOptions {
  /** Default `permanent`. */
  readonly state?: NeighbourState;
  /** IPv6: it is a router. */
  readonly router?: boolean;
}

/**
 * Makes or replaces a neighbour. Needs CAP_NET_ADMIN.
 *
 * @throws XDP_ERR_USAGE for an address that isn't one, XDP_ERR_NO_INTERFACE, XDP_ERR_NETLINK
 */
export function setNeighbour(
  link: string | number,
  address: string,
  mac: string,
  options: SetNeighbourOptions = {},
): void {
  const bytes = parseIp(address);
  const { index } = getLink(link, options);
  const { state = 'permanent', router = false } = options;
  const header = neighbourHeader(familyOf(bytes), index, STATES[state], router ? NTF_ROUTER : 0);
  const payload = new PayloadWriter(header).bytes(NDA_DST, bytes).bytes(NDA_LLADDR, parseMac(mac));
  using socket = new NetlinkSocket(NETLINK_ROUTE, options);
  const what = `setting neighbour ${address} of ${link}`;
  socket.request(what, RTM_NEWNEIGH, payload.finish(), NLM_F_CREATE | NLM_F_REPLACE);
}

/**
 * Forgets a neighbour. One that packets are still on their way to stays for a while, as `failed`. Needs CAP_NET_ADMIN.
 *
 * @throws XDP_ERR_USAGE, XDP_ERR_NO_INTERFACE, XDP_ERR_NETLINK with ENOENT when there is none
 */
export function removeNeighbour(link: string | number, address: string, options: NetnsOptions = {}): void {
  const bytes = parseIp(address);
  const { index } = getLink(link, options);
  const payload = new PayloadWriter(neighbourHeader(familyOf(bytes), index, 0, 0)).bytes(NDA_DST, bytes);
  using socket = new NetlinkSocket(NETLINK_ROUTE, options);
  socket.request(`removing neighbour ${address} of ${link}`, RTM_DELNEIGH, payload.finish());
}

function neighbourHeader(family: number, index: number, state: number, flags: number): Uint8Array {
  const bytes = new Uint8Array(NDMSG_LENGTH);
  const view = viewOf(bytes);
  view.setUint8(0, family);
  view.setInt32(4, index, true);
  view.setUint16(8, state, true);
  view.setUint8(10, flags);
  return bytes;
}

/**
 * @returns `undefined` for what is no neighbour of IP, such as a bridge's forwarding entry
 * @throws XDP_ERR_NETLINK when it is malformed
 */
export function decodeNeighbour(payload: Uint8Array): Neighbour | undefined {
  const attributes = Attributes.decode(payload, NDMSG_LENGTH);
  const family = ipVersion(payload[0]);
  const address = attributes.bytes(NDA_DST);
  if (family === undefined || address === undefined) return undefined;
  const view = viewOf(payload);
  const number = view.getUint16(8, true);
  const [state = 'none'] = Object.entries(STATES).find(([, value]) => value === number) ?? [];
  const mac = attributes.bytes(NDA_LLADDR);
  return {
    index: view.getInt32(4, true),
    family,
    address: formatIp(address),
    ...(mac !== undefined && { mac: formatMac(mac) }),
    state: state as NeighbourState,
    router: (view.getUint8(10) & NTF_ROUTER) !== 0,
  };
}
