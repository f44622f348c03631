import { formatMac } from './mac.js';
import { Attributes, PayloadWriter, viewOf } from './netlink-attributes.js';
import type { QueueCounts } from './queue-counts.js';

export const RTM_NEWLINK = 16;
export const RTM_DELLINK = 17;
export const RTM_GETLINK = 18;
/** They begin with a `struct ifinfomsg`: u8 family, i32 index at 4, u32 flags, u32 which flags to change. */
const IFINFOMSG_LENGTH = 16;
const AF_UNSPEC = 0;

export const IFLA = {
  ADDRESS: 1,
  IFNAME: 3,
  MTU: 4,
  LINK: 5,
  MASTER: 10,
  OPERSTATE: 16,
  LINKINFO: 18,
  NET_NS_FD: 28,
  EXT_MASK: 29,
  PROMISCUITY: 30,
  NUM_TX_QUEUES: 31,
  NUM_RX_QUEUES: 32,
  LINK_NETNSID: 37,
  XDP: 43,
  NEW_NETNSID: 45,
  NEW_IFINDEX: 49,
  MIN_MTU: 50,
  MAX_MTU: 51,
  PROP_LIST: 52,
  ALT_IFNAME: 53,
} as const;
export const IFLA_INFO_KIND = 1;
export const IFLA_INFO_DATA = 2;
const IFLA_TUN_NUM_QUEUES = 8;

/** Counters are a quarter of the answer, and nobody here reads them. */
export const RTEXT_FILTER_SKIP_STATS = 8;

const IFLA_XDP_PROGRAM_IDS = [
  ['native', 5],
  ['generic', 6],
  ['offloaded', 7],
] as const;

export const IFF_UP = 0x1;
/** Up and with a carrier: IFLA_CARRIER alone is also 1 on interfaces that are down. */
const IFF_LOWER_UP = 0x10000;

/** RFC 2863 ifOperStatus, numbered as in IFLA_OPERSTATE. */
export type OperationalState = 'unknown' | 'notpresent' | 'down' | 'lowerlayerdown' | 'testing' | 'dormant' | 'up';
const OPERATIONAL_STATES: readonly OperationalState[] = [
  'unknown',
  'notpresent',
  'down',
  'lowerlayerdown',
  'testing',
  'dormant',
  'up',
];

export interface XdpAttachment {
  /** Where the program runs: in the driver, behind it on socket buffers, or on the NIC. */
  readonly mode: 'native' | 'generic' | 'offloaded';
  readonly programId: number;
}

/** A network interface as it was when asked. */
export interface Link {
  readonly index: number;
  readonly name: string;
  /** `veth`, `bridge`, `tun`…; hardware and loopback have none. */
  readonly kind?: string;
  /** `veth`, `ixgbe`…; loopback has none. */
  readonly driver?: string;
  /** Further names (`altname` in `ip link`), each as good as the first. */
  readonly alternativeNames: readonly string[];
  /** Lower case with colons; empty for an interface without one. */
  readonly mac: string;
  /** Bytes above the Ethernet header. */
  readonly mtu: number;
  /** What the MTU can be set to; a largest of 0 means that the driver names no limit. */
  readonly mtuRange: readonly [smallest: number, largest: number];
  /** Whether it was set up (IFF_UP). */
  readonly up: boolean;
  /** Whether it is up and has a carrier too (IFF_LOWER_UP): packets can flow. */
  readonly carrier: boolean;
  /** RFC 2863 operational state; loopback's is `unknown`. */
  readonly state: OperationalState;
  /** Queues in use that receive; at least 1. */
  readonly rxQueues: number;
  /** Queues in use that transmit; at least 1. */
  readonly txQueues: number;
  /** The larger of both: AF_XDP sockets can bind to queues below this number. */
  readonly queues: number;
  /** How many have asked for promiscuous mode. */
  readonly promiscuity: number;
  /** The other end of a veth (or netkit) pair. */
  readonly peer?: {
    readonly index: number;
    /** The kernel's number for the peer's namespace, seen from this link's; absent when it is the same one. */
    readonly netnsId?: number;
  };
  /** Index of the bridge, bond or team that this is a port of. */
  readonly master?: number;
  readonly xdp: readonly XdpAttachment[];
}

/** The `struct ifinfomsg` of a request. */
export function linkHeader(index: number, flags = 0, change = 0): Uint8Array {
  const bytes = new Uint8Array(IFINFOMSG_LENGTH);
  const view = new DataView(bytes.buffer);
  view.setInt32(4, index, true);
  view.setUint32(8, flags, true);
  view.setUint32(12, change, true);
  return bytes;
}

/** The payload of RTM_GETLINK for all links. */
export function allLinks(): Uint8Array {
  return new PayloadWriter(linkHeader(0)).u32(IFLA.EXT_MASK, RTEXT_FILTER_SKIP_STATS).finish();
}

/** The payload of RTM_GETLINK for one. */
export function oneLink(index: number): Uint8Array {
  return new PayloadWriter(linkHeader(index)).u32(IFLA.EXT_MASK, RTEXT_FILTER_SKIP_STATS).finish();
}

/**
 * The index that a message of a link is about.
 *
 * @returns `undefined` for one of another family: a bridge tells of its ports in messages that look the same, and says
 *   RTM_DELLINK when one merely ceases to be its port
 */
export function linkIndexOf(payload: Uint8Array): number | undefined {
  return payload.length >= IFINFOMSG_LENGTH && payload[0] === AF_UNSPEC ? viewOf(payload).getInt32(4, true) : undefined;
}

/**
 * Where an RTM_DELLINK message says that its link went: `undefined` when it is gone for good.
 *
 * @throws XDP_ERR_NETLINK when it is malformed
 */
export function decodeMove(payload: Uint8Array): { index: number; netnsId: number } | undefined {
  const attributes = Attributes.decode(payload, IFINFOMSG_LENGTH);
  const netnsId = attributes.i32(IFLA.NEW_NETNSID);
  const index = attributes.i32(IFLA.NEW_IFINDEX) ?? linkIndexOf(payload);
  return netnsId === undefined || index === undefined ? undefined : { index, netnsId };
}

/** What is known of a link besides its RTM_NEWLINK message. */
export interface LinkExtras {
  /** Absent for a driver without channels: then all queues there are are in use. */
  readonly queues: QueueCounts | undefined;
  readonly driver: string | undefined;
}

/**
 * Decodes an RTM_NEWLINK message.
 *
 * @param extras looks up what the message lacks
 * @throws XDP_ERR_NETLINK when it is malformed
 */
export function decodeLink(payload: Uint8Array, extras: (index: number, name: string) => LinkExtras): Link {
  const attributes = Attributes.decode(payload, IFINFOMSG_LENGTH);
  const header = new DataView(payload.buffer, payload.byteOffset, payload.byteLength);
  const known = payload.length >= IFINFOMSG_LENGTH;
  const index = known ? header.getInt32(4, true) : 0;
  const flags = known ? header.getUint32(8, true) : 0;
  const name = attributes.string(IFLA.IFNAME) ?? '';
  const kind = attributes.nested(IFLA.LINKINFO)?.string(IFLA_INFO_KIND);
  const { queues: channels, driver } = extras(index, name);
  const queues = decodeTunQueues(attributes) ?? channels;
  const rxQueues = queues?.rx ?? attributes.u32(IFLA.NUM_RX_QUEUES) ?? 1;
  const txQueues = queues?.tx ?? attributes.u32(IFLA.NUM_TX_QUEUES) ?? 1;
  const peer = decodePeer(attributes, kind);
  const master = attributes.u32(IFLA.MASTER);
  return {
    index,
    name,
    ...(kind !== undefined && { kind }),
    ...(driver !== undefined && { driver }),
    alternativeNames: decodeAlternativeNames(attributes.nested(IFLA.PROP_LIST)),
    mac: formatMac(attributes.bytes(IFLA.ADDRESS) ?? new Uint8Array(0)),
    mtu: attributes.u32(IFLA.MTU) ?? 0,
    mtuRange: [attributes.u32(IFLA.MIN_MTU) ?? 0, attributes.u32(IFLA.MAX_MTU) ?? 0],
    up: (flags & IFF_UP) !== 0,
    carrier: (flags & IFF_LOWER_UP) !== 0,
    state: OPERATIONAL_STATES[attributes.u8(IFLA.OPERSTATE) ?? 0] ?? 'unknown',
    rxQueues,
    txQueues,
    queues: Math.max(rxQueues, txQueues),
    promiscuity: attributes.u32(IFLA.PROMISCUITY) ?? 0,
    ...(peer !== undefined && { peer }),
    ...(master !== undefined && { master }),
    xdp: decodeXdp(attributes.nested(IFLA.XDP)),
  };
}

/** IFLA_LINK is the peer only for pairs; for a VLAN or macvlan it is the device below. */
function decodePeer(attributes: Attributes, kind: string | undefined): Link['peer'] {
  const index = attributes.u32(IFLA.LINK);
  if ((kind !== 'veth' && kind !== 'netkit') || !index) return undefined;
  const netnsId = attributes.i32(IFLA.LINK_NETNSID);
  return { index, ...(netnsId !== undefined && { netnsId }) };
}

/** A tap has as many queues as are held open, but always one; older kernels know no channels of it. */
function decodeTunQueues(attributes: Attributes): QueueCounts | undefined {
  const info = attributes.nested(IFLA.LINKINFO);
  if (info?.string(IFLA_INFO_KIND) !== 'tun') return undefined;
  const count = info.nested(IFLA_INFO_DATA)?.u32(IFLA_TUN_NUM_QUEUES);
  return count === undefined ? undefined : { rx: Math.max(1, count), tx: Math.max(1, count) };
}

function decodeAlternativeNames(list: Attributes | undefined): string[] {
  const names = list?.entries.filter(({ type }) => type === IFLA.ALT_IFNAME) ?? [];
  return names.map(({ value }) => new TextDecoder().decode(value).replace(/\0.*$/s, ''));
}

function decodeXdp(attributes: Attributes | undefined): XdpAttachment[] {
  return IFLA_XDP_PROGRAM_IDS.flatMap(([mode, type]) => {
    const programId = attributes?.u32(type);
    return programId ? [{ mode, programId }] : [];
  });
}
