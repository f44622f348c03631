import { parseIp, parseMac } from '../../wire/index.js';
import { type Prefix, parsePrefix } from './addresses.js';
import type { Match, TypedMatch } from './match.js';
import { type Numbers, type OneOrMore, toList, toRanges } from './numbers.js';
import { type BigRange, intersection, isSubset, type RangeSet, union } from './range-set.js';

/**
 * A match as fields that all have to be within sets. A packet without the field fails; a field that is not named may be
 * anything. The facts hold exactly when the match does, whatever else follows from them. What has no better field is one
 * of its own, named by the match itself.
 */
export type Facts = ReadonlyMap<string, RangeSet>;

type Entry = readonly [field: string, values: RangeSet];

const only = (...values: number[]): RangeSet =>
  union(values.map((value) => ({ from: BigInt(value), to: BigInt(value) })));
const between = (from: number, to: number): RangeSet => [{ from: BigInt(from), to: BigInt(to) }];
const YES = only(1);
const HEADERS = { udp: 17, tcp: 6, icmpv4: 1, icmpv6: 58 } as const;

/** Addresses of both versions stand side by side. */
const IPV6_BASE = 1n << 128n;
const SPACES: Readonly<Record<4 | 6, RangeSet>> = {
  4: [{ from: 0n, to: (1n << 32n) - 1n }],
  6: [{ from: IPV6_BASE, to: 2n * IPV6_BASE - 1n }],
};

/** The facts of a match: one list of them for each alternative. */
export function alternatives(match: Match): Facts[] {
  return 'any' in match ? match.any.flatMap(alternatives) : [facts(match)];
}

function facts(match: Match): Facts {
  const known = new Map<string, RangeSet>();
  for (const [field, values] of entries(match)) {
    const before = known.get(field);
    known.set(field, before === undefined ? values : intersection(before, values));
  }
  // Addresses tell the version, and the version the addresses.
  for (const side of ['source', 'destination']) {
    const addresses = known.get(side);
    const versions = known.get('IP version');
    if (addresses === undefined || versions === undefined) continue;
    const possible = ([4, 6] as const).filter((version) => intersection(addresses, SPACES[version]).length > 0);
    known.set('IP version', intersection(versions, only(...possible)));
  }
  const versions = known.get('IP version');
  if (versions === undefined) return known;
  const spaces = union(([4, 6] as const).filter((one) => isSubset(only(one), versions)).flatMap((one) => SPACES[one]));
  for (const side of ['source', 'destination']) known.set(side, intersection(known.get(side) ?? spaces, spaces));
  return known;
}

function entries(match: Match): Entry[] {
  if ('all' in match) return match.all.flatMap(entries);
  return 'type' in match ? typedEntries(match) : [opaque(match)];
}

/** A condition that is like no other but itself. */
function opaque(match: Match): Entry {
  return [JSON.stringify(match), YES];
}

const ip = (...versions: (4 | 6)[]): Entry[] => [
  ['IP version', only(...versions)],
  ['EtherType', only(...versions.map((version) => (version === 4 ? 0x800 : 0x86dd)))],
];
const anyIp = ip(4, 6);

function header(...kinds: (keyof typeof HEADERS)[]): Entry[] {
  const numbers = only(...kinds.map((kind) => HEADERS[kind]));
  const version = kinds[0] === 'icmpv4' ? ip(4) : kinds[0] === 'icmpv6' ? ip(6) : anyIp;
  return [...version, ['protocol', numbers], ['header', numbers]];
}

const numbers = (field: string, values: Numbers): Entry => [
  field,
  union(toRanges(values).map(({ from, to }) => ({ from: BigInt(from), to: BigInt(to) }))),
];

const toBig = (bytes: Uint8Array): bigint => bytes.reduce((sum, byte) => (sum << 8n) | BigInt(byte), 0n);

function prefixRange({ address, length }: Prefix): BigRange {
  const from = toBig(address) + (address.length === 16 ? IPV6_BASE : 0n);
  return { from, to: from + (1n << BigInt(address.length * 8 - length)) - 1n };
}

const prefixes = (side: 'source' | 'destination', prefix: OneOrMore<string>): Entry[] => [
  ...anyIp,
  [side, union(toList(prefix).map((text) => prefixRange(parsePrefix(text)!)))],
];

const to = (address: string): Entry[] => prefixes('destination', address);

/** A mask that is a prefix; undefined for any other. */
function maskedRange(address: string, mask: string): BigRange | undefined {
  const bits = Array.from(parseIp(mask), (byte) => byte.toString(2).padStart(8, '0')).join('');
  const [, ones = ''] = /^(1*)0*$/.exec(bits) ?? [];
  return /^1*0*$/.test(bits) ? prefixRange({ address: parseIp(address), length: ones.length }) : undefined;
}

function typedEntries(match: TypedMatch): Entry[] {
  switch (match.type) {
    case 'all':
      return [];
    case 'udp':
      return header('udp');
    case 'udp-dst':
      return [...header('udp'), numbers('destination port', match.port)];
    case 'tcp-dst':
      return [...header('tcp'), numbers('destination port', match.port)];
    case 'tcp-control-dst':
      return [...header('tcp'), numbers('destination port', match.port), ['SYN, FIN or RST', YES]];
    case 'ipv4-dst-mask':
    case 'ipv6-dst-mask': {
      const range = maskedRange(match.address, match.mask);
      return [
        ...ip(match.type === 'ipv4-dst-mask' ? 4 : 6),
        range === undefined ? opaque(match) : ['destination', [range]],
      ];
    }
    case 'ipv4-udp-tuple':
    case 'ipv6-udp-tuple':
      return [
        ...header('udp'),
        ...prefixes('source', match.src),
        ...to(match.dst),
        numbers('source port', match.srcPort),
        numbers('destination port', match.dstPort),
      ];
    case 'udp-port-set':
      return [...header('udp'), numbers('destination port', match.ports)];
    case 'ipv4-udp-port-set':
    case 'ipv6-udp-port-set':
      return [...header('udp'), ...to(match.address), numbers('destination port', match.ports)];
    case 'ipv4-tcp-port-set':
    case 'ipv6-tcp-port-set':
      return [...header('tcp'), ...to(match.address), numbers('destination port', match.ports)];
    case 'ip-next-header':
      return [...anyIp, numbers('next header', match.protocol)];
    case 'quic-flow-src-cid':
    case 'quic-flow-dst-cid':
      return [...header('udp'), numbers('destination port', match.port), opaque(match)];
    case 'tcp-quic-flow-src-cid':
    case 'tcp-quic-flow-dst-cid':
      return [...header('tcp'), numbers('destination port', match.port), opaque(match)];
    case 'inner-ipv4-dst-mask-udp':
      return [...anyIp, numbers('protocol', 4), opaque(match)];
    case 'inner-ipv6-dst-mask-udp':
      return [...anyIp, numbers('protocol', 41), opaque(match)];
    case 'icmpv4-echo-reply-ip-dst':
      return [...header('icmpv4'), ...to(match.address), numbers('ICMP type', 0)];
    case 'icmpv6-echo-reply-ip-dst':
      return [...header('icmpv6'), ...to(match.address), numbers('ICMP type', 129)];
    case 'src-mac':
    case 'dst-mac': {
      const macs = toList(match.mac).map((mac) => toBig(parseMac(mac)));
      return [
        [match.type === 'src-mac' ? 'source MAC' : 'destination MAC', union(macs.map((from) => ({ from, to: from })))],
      ];
    }
    case 'ether-type':
      return [numbers('EtherType', match.value)];
    case 'vlan': {
      const id = match.id ?? '0-4095';
      return match.tag === 'inner'
        ? [['outer VLAN', between(0, 4095)], numbers('inner VLAN', id)]
        : [numbers('outer VLAN', id)];
    }
    case 'src-prefix':
      return prefixes('source', match.prefix);
    case 'dst-prefix':
      return prefixes('destination', match.prefix);
    case 'ip-protocol':
      return [...anyIp, numbers('protocol', match.protocol)];
    case 'dscp':
      return [...anyIp, numbers('DSCP', match.value)];
    case 'ttl':
      return [...anyIp, numbers('TTL', match.value)];
    case 'fragment':
      return [...anyIp, ['fragment', { any: only(1, 2), first: only(1), later: only(2) }[match.part ?? 'any']]];
    case 'port': {
      const { protocol = 'either', side = 'either', ports } = match;
      const kinds = protocol === 'either' ? header('udp', 'tcp') : header(protocol);
      if (side === 'either') return [...kinds, opaque({ type: 'port', ports })];
      return [...kinds, numbers(side === 'src' ? 'source port' : 'destination port', ports)];
    }
    case 'tcp-flags': {
      const flags = [
        ...(match.set ?? []).map((flag) => [flag, 1] as const),
        ...(match.clear ?? []).map((flag) => [flag, 0] as const),
      ];
      return [...header('tcp'), ...flags.map(([flag, value]): Entry => [`TCP flag ${flag}`, only(value)])];
    }
    case 'icmpv4':
    case 'icmpv6':
      return [
        ...header(match.type),
        ...(match.icmpType === undefined ? [] : [numbers('ICMP type', match.icmpType)]),
        ...(match.code === undefined ? [] : [numbers('ICMP code', match.code)]),
      ];
    case 'quic': {
      const { form, version, packet } = match;
      const found: Entry[] = [...header('udp'), ['QUIC', YES]];
      if (form !== undefined) found.push(['QUIC form', only(form === 'long' ? 1 : 0)]);
      if (version !== undefined) found.push(['QUIC form', only(1)], numbers('QUIC version', version));
      if (packet !== undefined)
        found.push(['QUIC packet', only(...toList(packet).map((name) => QUIC_PACKETS.indexOf(name)))]);
      return found;
    }
    case 'length':
      return [numbers('length', match.value)];
    case 'bytes':
      return [opaque(match)];
  }
}

const QUIC_PACKETS: readonly string[] = ['version-negotiation', 'initial', 'zero-rtt', 'handshake', 'retry', 'one-rtt'];
