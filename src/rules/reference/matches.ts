import { IpProtocol, macText, parseIp, TcpFlag } from '../../wire/index.js';
import {
  type BytesMatch,
  hexBytes,
  type Match,
  type PortsMatch,
  type QuicFlowMatch,
  type QuicMatch,
  type TcpFlagName,
  type TypedMatch,
  toList,
} from '../model/index.js';
import { ipv4At, ipv6At, type Packet } from './packet.js';
import { longSourceId, readQuic, shortDestinationId } from './quic.js';
import { hasBytesAt, hasPrefix, includes, isEqual, isMasked } from './sets.js';

/** Whether a tcpdump expression is true of a frame. */
export type ExpressionTest = (expression: string, frame: Uint8Array) => boolean;

/** Whether a match is true of a packet. */
export function matches(match: Match, packet: Packet, test: ExpressionTest): boolean {
  if ('type' in match) return holds(match, packet);
  if ('all' in match) return match.all.every((one) => matches(one, packet, test));
  if ('any' in match) return match.any.some((one) => matches(one, packet, test));
  if ('not' in match) return !matches(match.not, packet, test);
  return test(match.expression, packet.frame);
}

/** One condition, as the tables of docs/rules.md have it. */
function holds(match: TypedMatch, packet: Packet): boolean {
  const { ip, udp, tcp, icmp } = packet;
  switch (match.type) {
    case 'all':
      return true;
    case 'udp':
      return udp !== undefined;
    case 'udp-dst':
      return udp?.destination === match.port;
    case 'tcp-dst':
      return tcp?.destination === match.port;
    case 'tcp-control-dst':
      return tcp?.destination === match.port && (tcp.flags & (TcpFlag.syn | TcpFlag.fin | TcpFlag.rst)) !== 0;
    case 'ipv4-dst-mask':
    case 'ipv6-dst-mask':
      return ip !== undefined && isMasked(ip.destination, parseIp(match.mask), parseIp(match.address));
    case 'ipv4-udp-tuple':
    case 'ipv6-udp-tuple':
      return (
        ip !== undefined &&
        isEqual(ip.source, parseIp(match.src)) &&
        isEqual(ip.destination, parseIp(match.dst)) &&
        udp?.source === match.srcPort &&
        udp.destination === match.dstPort
      );
    case 'udp-port-set':
      return udp !== undefined && includes(match.ports, udp.destination);
    case 'ipv4-udp-port-set':
    case 'ipv6-udp-port-set':
      return isTo(packet, match.address) && udp !== undefined && includes(match.ports, udp.destination);
    case 'ipv4-tcp-port-set':
    case 'ipv6-tcp-port-set':
      return isTo(packet, match.address) && tcp !== undefined && includes(match.ports, tcp.destination);
    case 'ip-next-header':
      return ip?.nextHeader === match.protocol;
    case 'quic-flow-src-cid':
    case 'quic-flow-dst-cid':
      return udp?.destination === match.port && hasConnectionId(match, packet);
    case 'tcp-quic-flow-src-cid':
    case 'tcp-quic-flow-dst-cid':
      return tcp?.destination === match.port && hasConnectionId(match, packet);
    case 'inner-ipv4-dst-mask-udp':
    case 'inner-ipv6-dst-mask-udp': {
      const inner = innerUdpDestination(packet);
      return inner !== undefined && isMasked(inner, parseIp(match.mask), parseIp(match.address));
    }
    case 'icmpv4-echo-reply-ip-dst':
      return isTo(packet, match.address) && icmp?.type === 0;
    case 'icmpv6-echo-reply-ip-dst':
      return isTo(packet, match.address) && icmp?.type === 129;
    case 'src-mac':
      return packet.ethernet !== undefined && toList(match.mac).includes(macText(packet.ethernet.source));
    case 'dst-mac':
      return packet.ethernet !== undefined && toList(match.mac).includes(macText(packet.ethernet.destination));
    case 'ether-type':
      return packet.etherType !== undefined && includes(match.value, packet.etherType);
    case 'vlan': {
      const id = match.tag === 'inner' ? packet.innerTag : packet.outerTag;
      return id !== undefined && (match.id === undefined || includes(match.id, id));
    }
    case 'src-prefix':
      return ip !== undefined && hasPrefix(match.prefix, ip.source);
    case 'dst-prefix':
      return ip !== undefined && hasPrefix(match.prefix, ip.destination);
    case 'ip-protocol':
      return packet.protocol !== undefined && includes(match.protocol, packet.protocol);
    case 'dscp':
      return ip !== undefined && includes(match.value, ip.dscp);
    case 'ttl':
      return ip !== undefined && includes(match.value, ip.ttl);
    case 'fragment':
      return packet.fragment !== undefined && [undefined, 'any', packet.fragment].includes(match.part);
    case 'port':
      return hasPort(match, packet);
    case 'tcp-flags':
      return (
        tcp !== undefined &&
        (match.set ?? []).every((flag) => isSet(tcp.flags, flag)) &&
        !(match.clear ?? []).some((flag) => isSet(tcp.flags, flag))
      );
    case 'icmpv4':
    case 'icmpv6':
      return (
        icmp !== undefined &&
        ip?.version === (match.type === 'icmpv4' ? 4 : 6) &&
        (match.icmpType === undefined || includes(match.icmpType, icmp.type)) &&
        (match.code === undefined || includes(match.code, icmp.code))
      );
    case 'quic':
      return isQuic(match, packet);
    case 'length':
      return includes(match.value, packet.frame.length);
    case 'bytes':
      return hasBytes(match, packet);
  }
}

export function isSet(flags: number, flag: TcpFlagName): boolean {
  return (flags & TcpFlag[flag]) !== 0;
}

function isTo(packet: Packet, address: string): boolean {
  return packet.ip !== undefined && isEqual(packet.ip.destination, parseIp(address));
}

function hasPort({ protocol = 'either', side = 'either', ports }: PortsMatch, packet: Packet): boolean {
  const headers = [protocol === 'tcp' ? undefined : packet.udp, protocol === 'udp' ? undefined : packet.tcp];
  return headers.some(
    (header) =>
      header !== undefined &&
      ((side !== 'dst' && includes(ports, header.source)) || (side !== 'src' && includes(ports, header.destination))),
  );
}

function hasConnectionId({ type, offset = 0, cid }: QuicFlowMatch, packet: Packet): boolean {
  if (packet.payload === undefined) return false;
  const payload = packet.frame.subarray(packet.payload);
  const id = type.endsWith('src-cid') ? longSourceId(payload) : shortDestinationId(payload);
  return id !== undefined && hasBytesAt(id, offset, cid);
}

/** The destination of the inner header of IP in IP, if UDP follows it. */
export function innerUdpDestination({ frame, protocol, transport: at }: Packet): Uint8Array | undefined {
  if (at === undefined) return undefined;
  if (protocol === 4) {
    const inner = ipv4At(frame, at);
    const isUdp = inner?.nextHeader === IpProtocol.udp && (inner.fragment & 0x1fff) === 0;
    return isUdp && at + inner.length + 8 <= frame.length ? inner.destination : undefined;
  }
  if (protocol !== 41) return undefined;
  const inner = ipv6At(frame, at);
  return inner?.nextHeader === IpProtocol.udp && at + 40 + 8 <= frame.length ? inner.destination : undefined;
}

function isQuic(match: QuicMatch, packet: Packet): boolean {
  if (packet.udp === undefined) return false;
  const quic = readQuic(packet.frame.subarray(packet.payload));
  if (quic === undefined) return false;
  if (match.form !== undefined && quic.form !== match.form) return false;
  if (match.version !== undefined && !(quic.version !== undefined && includes(match.version, quic.version)))
    return false;
  return match.packet === undefined || (quic.packet !== undefined && toList(match.packet).includes(quic.packet));
}

function hasBytes({ from = 'frame', offset, value, mask }: BytesMatch, packet: Packet): boolean {
  const start = from === 'frame' ? 0 : packet[from];
  if (start === undefined) return false;
  const wanted = hexBytes(value);
  const bytes = packet.frame.subarray(start + offset, start + offset + wanted.length);
  return isMasked(bytes, mask === undefined ? wanted.map(() => 0xff) : hexBytes(mask), wanted);
}
