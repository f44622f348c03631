import { EtherType, IpProtocol } from '../../wire/index.js';
import type { IpHeader, Packet } from './packet.js';

const PROTOCOLS: Readonly<Record<number, string>> = {
  1: 'ICMP',
  2: 'IGMP',
  4: 'IPv4 in IP',
  6: 'TCP',
  17: 'UDP',
  41: 'IPv6 in IP',
  47: 'GRE',
  50: 'ESP',
  58: 'ICMPv6',
  132: 'SCTP',
};

/** `UDP (17)`. */
export function protocolName(protocol: number): string {
  const name = PROTOCOLS[protocol];
  return name === undefined ? `${protocol}` : `${name} (${protocol})`;
}

const ETHER_TYPES: Readonly<Record<number, string>> = {
  [EtherType.ipv4]: 'IPv4',
  [EtherType.ipv6]: 'IPv6',
  [EtherType.arp]: 'ARP',
};

/** `ARP (0x0806)`. */
export function etherTypeName(type: number): string {
  const digits = `0x${type.toString(16).padStart(4, '0')}`;
  const name = ETHER_TYPES[type];
  return name === undefined ? digits : `${name} (${digits})`;
}

/** Why there is no Ethernet header, or no EtherType. */
export function noEtherType({ frame }: Packet): string {
  return frame.length < 14 ? `the frame has only ${frame.length} bytes` : 'a VLAN tag is cut off';
}

/** Why there is no IP header of this version, or of any; undefined when there is one. */
export function noIp(packet: Packet, version?: 4 | 6): string | undefined {
  const { ip, etherType } = packet;
  if (ip !== undefined) {
    return version === undefined || ip.version === version
      ? undefined
      : `the packet is IPv${ip.version}, not IPv${version}`;
  }
  if (etherType === undefined) return noEtherType(packet);
  if (etherType !== EtherType.ipv4 && etherType !== EtherType.ipv6) {
    return `EtherType is ${etherTypeName(etherType)}, not IP${version === undefined ? '' : `v${version}`}`;
  }
  return `the ${ETHER_TYPES[etherType]} header is cut off or damaged`;
}

const NUMBERS = { udp: IpProtocol.udp, tcp: IpProtocol.tcp, icmp: IpProtocol.icmp, icmpv6: IpProtocol.icmpv6 };

/** Why the packet has no such header; undefined when it has. */
export function noHeader(packet: Packet, kind: 'udp' | 'tcp' | 'icmp' | 'icmpv6'): string | undefined {
  const versionOf: Partial<Record<typeof kind, IpHeader['version']>> = { icmp: 4, icmpv6: 6 };
  const number = NUMBERS[kind];
  const why = noIp(packet, versionOf[kind]) ?? noProtocol(packet, [number]) ?? noTransport(packet);
  if (why !== undefined) return why;
  const isThere = packet[kind === 'icmpv6' ? 'icmp' : kind] !== undefined;
  return isThere ? undefined : `the ${PROTOCOLS[number]} header is cut off`;
}

/** Why the protocol is none of these; undefined when it is. */
export function noProtocol({ protocol }: Packet, wanted: readonly number[]): string | undefined {
  if (protocol === undefined) return 'the extension headers are cut off, or too many';
  if (wanted.includes(protocol)) return undefined;
  return `protocol is ${protocolName(protocol)}, not ${wanted.map(protocolName).join(' or ')}`;
}

/** Why no transport begins in an IP packet; undefined when it does. */
export function noTransport({ transport, fragment, protocol }: Packet): string | undefined {
  if (transport !== undefined) return undefined;
  if (fragment === 'later') return 'it is a later fragment, without a transport header';
  return protocol === undefined ? 'the extension headers are cut off, or too many' : 'it has no transport header';
}
