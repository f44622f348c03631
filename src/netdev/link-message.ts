import type { QueueCounts } from './channels.js';
import { Attributes } from './netlink-attributes.js';

/** RTM_NEWLINK and its kin begin with a `struct ifinfomsg`. */
const IFINFOMSG_LENGTH = 16;

export const IFLA = {
  ADDRESS: 1,
  IFNAME: 3,
  MTU: 4,
  LINK: 5,
  OPERSTATE: 16,
  LINKINFO: 18,
  NET_NS_FD: 28,
  EXT_MASK: 29,
  PROMISCUITY: 30,
  NUM_TX_QUEUES: 31,
  NUM_RX_QUEUES: 32,
  LINK_NETNSID: 37,
  XDP: 43,
  ALT_IFNAME: 53,
} as const;
export const IFLA_INFO_KIND = 1;
export const IFLA_INFO_DATA = 2;

const IFLA_XDP_PROGRAM_IDS = [
  ['native', 5],
  ['generic', 6],
  ['offloaded', 7],
] as const;

export const IFF_UP = 0x1;
/** Up and with a carrier: IFLA_CARRIER alone is also 1 on interfaces that are down. */
const IFF_LOWER_UP = 0x10000;

/** RFC 2863 ifOperStatus, numbered as in IFLA_OPERSTATE. */
const OPERATIONAL_STATES = ['unknown', 'notpresent', 'down', 'lowerlayerdown', 'testing', 'dormant', 'up'] as const;

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
  /** Lower case with colons; empty for an interface without one. */
  readonly mac: string;
  /** Bytes above the Ethernet header. */
  readonly mtu: number;
  /** Whether it was set up (IFF_UP). */
  readonly up: boolean;
  /** Whether it is up and has a carrier too (IFF_LOWER_UP): packets can flow. */
  readonly carrier: boolean;
  /** RFC 2863 operational state; loopback's is `unknown`. */
  readonly state: (typeof OPERATIONAL_STATES)[number];
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

/** What is known of a link besides its RTM_NEWLINK message. */
export interface LinkExtras {
  readonly channels: QueueCounts | undefined;
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
  const { channels, driver } = extras(index, name);
  const rxQueues = channels?.rx || attributes.u32(IFLA.NUM_RX_QUEUES) || 1;
  const txQueues = channels?.tx || attributes.u32(IFLA.NUM_TX_QUEUES) || 1;
  const peer = decodePeer(attributes, kind);
  return {
    index,
    name,
    ...(kind !== undefined && { kind }),
    ...(driver !== undefined && { driver }),
    mac: formatMac(attributes.bytes(IFLA.ADDRESS)),
    mtu: attributes.u32(IFLA.MTU) ?? 0,
    up: (flags & IFF_UP) !== 0,
    carrier: (flags & IFF_LOWER_UP) !== 0,
    state: OPERATIONAL_STATES[attributes.u8(IFLA.OPERSTATE) ?? 0] ?? 'unknown',
    rxQueues,
    txQueues,
    queues: Math.max(rxQueues, txQueues),
    promiscuity: attributes.u32(IFLA.PROMISCUITY) ?? 0,
    ...(peer !== undefined && { peer }),
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

function decodeXdp(attributes: Attributes | undefined): XdpAttachment[] {
  return IFLA_XDP_PROGRAM_IDS.flatMap(([mode, type]) => {
    const programId = attributes?.u32(type);
    return programId ? [{ mode, programId }] : [];
  });
}

function formatMac(bytes: Uint8Array | undefined): string {
  return Array.from(bytes ?? [], (byte) => byte.toString(16).padStart(2, '0')).join(':');
}
