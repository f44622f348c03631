import { macText, TcpFlag } from '../../wire/index.js';
import {
  ipText,
  type Match,
  matchText,
  type Numbers,
  type OneOrMore,
  type QuicFlowMatch,
  type TypedMatch,
  toList,
} from '../model/index.js';
import { type ExpressionTest, innerUdpDestination, isSet, matches } from './matches.js';
import type { Packet } from './packet.js';
import { etherTypeName, noEtherType, noHeader, noIp, noProtocol, noTransport, protocolName } from './packet-words.js';
import { longSourceId, readQuic, shortDestinationId } from './quic.js';
import { includes } from './sets.js';

/** Entries of a list, or members of an `any`, that are shown. */
const SHOWN = 3;

/** The first condition of a match that a packet fails, in words, with the packet's own value. The match is false of it. */
export function failure(match: Match, packet: Packet, test: ExpressionTest): string {
  if ('type' in match) return typedFailure(match, packet);
  if ('all' in match) return failure(match.all.find((one) => !matches(one, packet, test))!, packet, test);
  if ('not' in match) return `it is what it must not be: ${matchText(match.not)}`;
  if ('expression' in match) return `the expression is false of it: ${JSON.stringify(match.expression)}`;
  const reasons = [...new Set(match.any.map((one) => failure(one, packet, test)))];
  const more = reasons.length > SHOWN ? `; and ${reasons.length - SHOWN} more` : '';
  return `${reasons.slice(0, SHOWN).join('; ')}${more}`;
}

function list(values: OneOrMore<number | string>): string {
  const all = toList(values);
  const text = all.slice(0, SHOWN).join(', ');
  return all.length > SHOWN ? `one of ${all.length} (${text}, ...)` : text.replace(/, ([^,]*)$/, ' or $1');
}

/** `what` is one thing, and should be another. */
function differs(what: string, value: number | string, wanted: OneOrMore<number | string>): string {
  return `${what} is ${value}, not ${list(wanted)}`;
}

function hex(bytes: Uint8Array): string {
  return bytes.length === 0 ? 'empty' : Buffer.from(bytes).toString('hex');
}

/** The first of several reasons; one of them applies. */
function first(...reasons: (string | false | undefined)[]): string {
  return reasons.find((reason): reason is string => typeof reason === 'string') ?? 'it is another packet';
}

function typedFailure(match: TypedMatch, packet: Packet): string {
  const { ip, udp, tcp, icmp, frame } = packet;
  switch (match.type) {
    case 'all':
      return 'every packet matches';
    case 'udp':
      return first(noHeader(packet, 'udp'));
    case 'udp-dst':
      return first(noHeader(packet, 'udp'), udp && differs('destination port', udp.destination, match.port));
    case 'tcp-dst':
      return first(noHeader(packet, 'tcp'), tcp && differs('destination port', tcp.destination, match.port));
    case 'tcp-control-dst':
      return first(
        noHeader(packet, 'tcp'),
        tcp?.destination !== match.port && differs('destination port', tcp?.destination ?? '', match.port),
        `TCP flags are ${flagNames(tcp?.flags ?? 0)}: neither SYN nor FIN nor RST`,
      );
    case 'ipv4-dst-mask':
    case 'ipv6-dst-mask':
      return first(
        noIp(packet, match.type === 'ipv4-dst-mask' ? 4 : 6),
        ip && `${differs('destination', ipText(ip.destination), match.address)} under the mask ${match.mask}`,
      );
    case 'ipv4-udp-tuple':
    case 'ipv6-udp-tuple':
      return first(
        noIp(packet, match.type === 'ipv4-udp-tuple' ? 4 : 6),
        ip && ipText(ip.source) !== match.src && differs('source', ipText(ip.source), match.src),
        notTo(packet, match.dst),
        noHeader(packet, 'udp'),
        udp && udp.source !== match.srcPort && differs('source port', udp.source, match.srcPort),
        udp && differs('destination port', udp.destination, match.dstPort),
      );
    case 'udp-port-set':
      return first(noHeader(packet, 'udp'), udp && differs('destination port', udp.destination, match.ports));
    case 'ipv4-udp-port-set':
    case 'ipv6-udp-port-set':
      return first(
        noIp(packet, match.type === 'ipv4-udp-port-set' ? 4 : 6),
        notTo(packet, match.address),
        noHeader(packet, 'udp'),
        udp && differs('destination port', udp.destination, match.ports),
      );
    case 'ipv4-tcp-port-set':
    case 'ipv6-tcp-port-set':
      return first(
        noIp(packet, match.type === 'ipv4-tcp-port-set' ? 4 : 6),
        notTo(packet, match.address),
        noHeader(packet, 'tcp'),
        tcp && differs('destination port', tcp.destination, match.ports),
      );
    case 'ip-next-header':
      return first(
        noIp(packet),
        ip && differs('next header', protocolName(ip.nextHeader), protocolName(match.protocol)),
      );
    case 'quic-flow-src-cid':
    case 'quic-flow-dst-cid':
    case 'tcp-quic-flow-src-cid':
    case 'tcp-quic-flow-dst-cid':
      return flowFailure(match, packet);
    case 'inner-ipv4-dst-mask-udp':
    case 'inner-ipv6-dst-mask-udp':
      return innerFailure(match.type === 'inner-ipv4-dst-mask-udp' ? 4 : 6, match.address, match.mask, packet);
    case 'icmpv4-echo-reply-ip-dst':
    case 'icmpv6-echo-reply-ip-dst': {
      const [version, kind, reply] =
        match.type === 'icmpv4-echo-reply-ip-dst' ? ([4, 'icmp', 0] as const) : ([6, 'icmpv6', 129] as const);
      return first(
        noIp(packet, version),
        notTo(packet, match.address),
        noHeader(packet, kind),
        icmp && differs('ICMP type', icmp.type, `${reply} (echo reply)`),
      );
    }
    case 'src-mac':
    case 'dst-mac': {
      if (packet.ethernet === undefined) return noEtherType(packet);
      const [what, side] =
        match.type === 'src-mac' ? (['source MAC', 'source'] as const) : (['destination MAC', 'destination'] as const);
      return differs(what, macText(packet.ethernet[side]), match.mac);
    }
    case 'ether-type':
      if (packet.etherType === undefined) return noEtherType(packet);
      return differs('EtherType', etherTypeName(packet.etherType), typeNames(match.value));
    case 'vlan': {
      const { tag = 'outer', id } = match;
      const own = tag === 'outer' ? packet.outerTag : packet.innerTag;
      if (own === undefined) return packet.outerTag === undefined ? 'it has no VLAN tag' : 'it has no inner VLAN tag';
      return differs(`${tag} VLAN id`, own, id ?? []);
    }
    case 'src-prefix':
      return first(noIp(packet), ip && `source is ${ipText(ip.source)}, not in ${list(match.prefix)}`);
    case 'dst-prefix':
      return first(noIp(packet), ip && `destination is ${ipText(ip.destination)}, not in ${list(match.prefix)}`);
    case 'ip-protocol':
      return first(
        noIp(packet),
        packet.protocol === undefined ? noProtocol(packet, []) : undefined,
        differs('protocol', protocolName(packet.protocol ?? 0), protocolNames(match.protocol)),
      );
    case 'dscp':
      return first(noIp(packet), ip && differs('DSCP', ip.dscp, match.value));
    case 'ttl':
      return first(noIp(packet), ip && differs(ip.version === 4 ? 'TTL' : 'hop limit', ip.ttl, match.value));
    case 'fragment':
      if (ip === undefined || packet.fragment === undefined) return noIp(packet) ?? 'it is no fragment';
      return `it is a ${packet.fragment} fragment, not a ${match.part} one`;
    case 'port': {
      const { protocol = 'either', side = 'either', ports } = match;
      const header = packet.udp ?? packet.tcp;
      if (protocol !== 'either') {
        const why = noHeader(packet, protocol);
        if (why !== undefined) return why;
      } else if (header === undefined) {
        return first(noIp(packet), noProtocol(packet, [6, 17]), noTransport(packet), 'the transport header is cut off');
      }
      const { source, destination } = header!;
      if (side === 'src') return differs('source port', source, ports);
      if (side === 'dst') return differs('destination port', destination, ports);
      return `ports are ${source} and ${destination}, neither is ${list(ports)}`;
    }
    case 'tcp-flags': {
      const why = noHeader(packet, 'tcp');
      if (why !== undefined) return why;
      const flags = tcp!.flags;
      const unset = (match.set ?? []).filter((flag) => !isSet(flags, flag));
      const set = (match.clear ?? []).filter((flag) => isSet(flags, flag));
      const what = unset.length > 0 ? `${unset.join(', ')} not set` : `${set.join(', ')} set`;
      return `TCP flags are ${flagNames(flags)}: ${what}`;
    }
    case 'icmpv4':
    case 'icmpv6':
      return first(
        noHeader(packet, match.type === 'icmpv4' ? 'icmp' : 'icmpv6'),
        icmp &&
          match.icmpType !== undefined &&
          !includes(match.icmpType, icmp.type) &&
          differs('ICMP type', icmp.type, match.icmpType),
        icmp && differs('ICMP code', icmp.code, match.code ?? []),
      );
    case 'quic': {
      const why = noHeader(packet, 'udp');
      if (why !== undefined) return why;
      const quic = readQuic(frame.subarray(packet.payload));
      if (quic === undefined) return 'the UDP payload is empty';
      const { form, version, packet: type } = match;
      return first(
        form !== undefined && quic.form !== form && differs('QUIC header', quic.form, form),
        version !== undefined && quic.version === undefined && `QUIC header is ${quic.form}, without a version`,
        version !== undefined &&
          !includes(version, quic.version ?? -1) &&
          differs('QUIC version', quic.version ?? '', version),
        differs('QUIC packet', quic.packet ?? 'of no known type', type ?? []),
      );
    }
    case 'length':
      return differs('length', `${frame.length} bytes`, match.value);
    case 'bytes': {
      const { from = 'frame', offset, value, mask } = match;
      const start = from === 'frame' ? 0 : packet[from];
      if (start === undefined) return `it has no ${from}`;
      const bytes = frame.subarray(start + offset, start + offset + value.length / 2);
      if (bytes.length < value.length / 2) return `it ends before byte ${offset + value.length / 2} of its ${from}`;
      const under = mask === undefined ? '' : ` under the mask ${mask}`;
      return `bytes at ${from} ${offset} are ${hex(bytes)}, not ${value}${under}`;
    }
  }
}

function notTo({ ip }: Packet, address: string): string | undefined {
  if (ip === undefined || ipText(ip.destination) === address) return undefined;
  return differs('destination', ipText(ip.destination), address);
}

function flowFailure({ type, port, offset = 0, cid }: QuicFlowMatch, packet: Packet): string {
  const kind = type.startsWith('tcp') ? 'tcp' : 'udp';
  const why = noHeader(packet, kind);
  if (why !== undefined) return why;
  const { destination } = packet[kind]!;
  if (destination !== port) return differs('destination port', destination, port);
  const payload = packet.frame.subarray(packet.payload ?? packet.frame.length);
  const form = readQuic(payload)?.form;
  if (form === undefined) return `the ${kind.toUpperCase()} payload is empty`;
  const isSource = type.endsWith('src-cid');
  if (form !== (isSource ? 'long' : 'short')) return differs('QUIC header', form, isSource ? 'long' : 'short');
  const id = isSource ? longSourceId(payload) : shortDestinationId(payload);
  if (id === undefined) return 'the QUIC header is cut off or damaged';
  const what = isSource ? 'source connection ID' : 'destination connection ID';
  return `${what} ${isSource ? 'is' : 'begins'} ${hex(id)}, without ${cid} at ${offset}`;
}

function innerFailure(version: 4 | 6, address: string, mask: string, packet: Packet): string {
  const why = noIp(packet) ?? noProtocol(packet, [version === 4 ? 4 : 41]) ?? noTransport(packet);
  if (why !== undefined) return why;
  const inner = innerUdpDestination(packet);
  if (inner === undefined) return 'the inner packet is not UDP, or cut off';
  return `${differs('inner destination', ipText(inner), address)} under the mask ${mask}`;
}

function flagNames(flags: number): string {
  return (
    Object.keys(TcpFlag)
      .filter((name) => isSet(flags, name as keyof typeof TcpFlag))
      .join(', ') || 'none'
  );
}

function protocolNames(numbers: Numbers): (number | string)[] {
  return toList(numbers).map((entry) => (typeof entry === 'number' ? protocolName(entry) : entry));
}

function typeNames(numbers: Numbers): (number | string)[] {
  return toList(numbers).map((entry) => (typeof entry === 'number' ? etherTypeName(entry) : entry));
}
