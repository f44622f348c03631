import { describe, expect, test } from 'vitest';
import { evaluateRules, explainRules, type Match, validateRules } from '../../dist/rules/index.js';
import {
  arp,
  authentication,
  cut,
  extension,
  fragment,
  hexFrame,
  icmp,
  longQuic,
  over4,
  over6,
  shortQuic,
  tcp,
  udp,
} from './reference-frames.js';

/** `undefined` for a match that is true, otherwise why it isn't. */
function reason(match: unknown, frame: Uint8Array): string | undefined {
  const rules = validateRules({ rules: [{ match, action: 'drop' }] });
  const { rule, steps } = explainRules(rules, frame);
  const opposite = validateRules({ rules: [{ match: { not: match }, action: 'drop' }] });
  expect(evaluateRules(opposite, frame).rule).toBe(rule === undefined ? 0 : undefined);
  return rule === undefined ? steps[0]!.reason : undefined;
}

const ext = (...headers: number[][]) => Uint8Array.from(headers.flat());
const payload = Uint8Array.of(1, 2, 3, 4);
const plain = over4(udp(5000, 42), {}, { payload });
const vlan = [{ id: 100 }, { id: 7 }];

type Case = [what: string, match: Match, frame: Uint8Array, reason?: string];

function table(cases: Case[]): void {
  test.each(cases)('%s', (_, match, frame, why) => {
    expect(reason(match, frame)).toBe(why);
  });
}

describe('ports', () => {
  const to42: Match = { type: 'udp-dst', port: 42 };
  table([
    ['UDP', to42, plain],
    ['another port', to42, over4(udp(42, 43)), 'destination port is 43, not 42'],
    ['TCP', to42, over4(tcp(1, 42)), 'protocol is TCP (6), not UDP (17)'],
    ['ARP', to42, arp, 'EtherType is ARP (0x0806), not IP'],
    ['IPv6', to42, over6(udp(5000, 42))],
    ['IPv4 options', to42, over4(udp(1, 42), { options: new Uint8Array(40).fill(1) })],
    ['one tag', to42, over4(udp(1, 42), {}, { vlan: [{ id: 5 }] })],
    ['two tags', to42, over4(udp(1, 42), {}, { vlan })],
    ['three tags', to42, over4(udp(1, 42), {}, { vlan: [...vlan, { id: 1 }] }), 'EtherType is 0x8100, not IP'],
    ['a first fragment', to42, over4(udp(1, 42), { moreFragments: true })],
    [
      'a later fragment',
      to42,
      over4(udp(1, 42), { fragmentOffset: 8 }),
      'it is a later fragment, without a transport header',
    ],
    ['eight bytes of UDP', to42, cut(plain, 42)],
    ['seven bytes of UDP', to42, cut(plain, 41), 'the UDP header is cut off'],
    ['no byte of UDP', to42, cut(plain, 34), 'the UDP header is cut off'],
    ['a cut IPv4 header', to42, cut(plain, 33), 'the IPv4 header is cut off or damaged'],
    [
      'a wrong version',
      to42,
      plain.map((byte, i) => (i === 14 ? 0x55 : byte)),
      'the IPv4 header is cut off or damaged',
    ],
    ['a short IHL', to42, plain.map((byte, i) => (i === 14 ? 0x44 : byte)), 'the IPv4 header is cut off or damaged'],
    ['a total length of 0', to42, plain.map((byte, i) => (i === 16 || i === 17 ? 0 : byte))],
    ['a cut tag', to42, cut(over4(udp(1, 42), {}, { vlan }), 21), 'a VLAN tag is cut off'],
    ['13 bytes', to42, cut(plain, 13), 'the frame has only 13 bytes'],
    ['a set', { type: 'udp-port-set', ports: ['40-45'] }, plain],
    [
      'not in a set',
      { type: 'udp-port-set', ports: [1, 5, '50-60'] },
      plain,
      'destination port is 42, not 1, 5 or 50-60',
    ],
    [
      'a large set',
      { type: 'udp-port-set', ports: [1, 5, 7, 9] },
      plain,
      'destination port is 42, not one of 4 (1, 5, 7, ...)',
    ],
    ['the address of a set', { type: 'ipv4-udp-port-set', address: '10.0.0.2', ports: 42 }, plain],
    [
      'another address',
      { type: 'ipv4-udp-port-set', address: '10.0.0.1', ports: 42 },
      plain,
      'destination is 10.0.0.2, not 10.0.0.1',
    ],
    ['another version', { type: 'ipv6-tcp-port-set', address: '::', ports: 42 }, plain, 'the packet is IPv4, not IPv6'],
    ['TCP of a set', { type: 'ipv6-tcp-port-set', address: '2001:db8::2', ports: [80, 443] }, over6(tcp(1, 443))],
    ['19 bytes of TCP', { type: 'tcp-dst', port: 443 }, cut(over4(tcp(1, 443)), 53), 'the TCP header is cut off'],
    ['a wrong data offset', { type: 'tcp-dst', port: 443 }, over4(tcp(1, 443)).map((byte, i) => (i === 46 ? 0 : byte))],
    ['control', { type: 'tcp-control-dst', port: 443 }, over4(tcp(1, 443, 1))],
    [
      'no control',
      { type: 'tcp-control-dst', port: 443 },
      over4(tcp(1, 443, 24)),
      'TCP flags are psh, ack: neither SYN nor FIN nor RST',
    ],
    ['a tuple', { type: 'ipv4-udp-tuple', src: '10.0.0.1', dst: '10.0.0.2', srcPort: 5000, dstPort: 42 }, plain],
    [
      'source port of a tuple',
      { type: 'ipv4-udp-tuple', src: '10.0.0.1', dst: '10.0.0.2', srcPort: 1, dstPort: 42 },
      plain,
      'source port is 5000, not 1',
    ],
    [
      'source of a tuple',
      { type: 'ipv6-udp-tuple', src: '::1', dst: '::2', srcPort: 1, dstPort: 42 },
      over6(udp(1, 42)),
      'source is 2001:db8::1, not ::1',
    ],
    ['either side', { type: 'port', ports: 5000 }, plain],
    ['neither side', { type: 'port', ports: [1, 2] }, plain, 'ports are 5000 and 42, neither is 1 or 2'],
    ['the source', { type: 'port', side: 'src', ports: 42 }, plain, 'source port is 5000, not 42'],
    ['of TCP only', { type: 'port', protocol: 'tcp', ports: 42 }, plain, 'protocol is UDP (17), not TCP (6)'],
    ['of ICMP', { type: 'port', ports: 42 }, over4(icmp(8)), 'protocol is ICMP (1), not TCP (6) or UDP (17)'],
    ['flags', { type: 'tcp-flags', set: ['syn'], clear: ['ack'] }, over4(tcp(1, 2, 2))],
    [
      'flags not set',
      { type: 'tcp-flags', set: ['syn', 'fin'] },
      over4(tcp(1, 2, 2)),
      'TCP flags are syn: fin not set',
    ],
    ['flags set', { type: 'tcp-flags', clear: ['ack'] }, over4(tcp(1, 2, 18)), 'TCP flags are syn, ack: ack set'],
  ]);
});

describe('extension headers', () => {
  const to42: Match = { type: 'udp-dst', port: 42 };
  const headers = (extensions: number[][], nextHeader: number) =>
    over6(udp(1, 42), { nextHeader, extensions: ext(...extensions) });
  const hops = (count: number) =>
    headers(
      Array.from({ length: count }, (_, i) => extension(i < count - 1 ? 60 : 17)),
      60,
    );
  const lost = 'the extension headers are cut off, or too many';
  const first = headers([fragment(17, 0, true)], 44);
  const later = headers([extension(44), fragment(17, 5, false)], 0);
  table([
    [
      'each of the five',
      to42,
      headers([extension(43), extension(60), extension(51), authentication(44), fragment(17, 0, false)], 0),
    ],
    ['six', to42, hops(6)],
    ['seven', to42, hops(7), lost],
    ['seven: the address', { type: 'dst-prefix', prefix: '2001:db8::/32' }, hops(7)],
    ['seven: the protocol', { type: 'ip-protocol', protocol: 60 }, hops(7), lost],
    ['one cut off', to42, cut(hops(2), 14 + 40 + 15), lost],
    ['longer than the frame', to42, headers([[17, 200, 0, 0, 0, 0, 0, 0]], 0), lost],
    ['IP-in-header', { type: 'ip-next-header', protocol: 60 }, hops(2)],
    ['protocol behind them', { type: 'ip-protocol', protocol: 17 }, hops(2)],
    ['a first fragment has ports', to42, first],
    ['first', { type: 'fragment', part: 'first' }, first],
    ['first is not later', { type: 'fragment', part: 'later' }, first, 'it is a first fragment, not a later one'],
    ['any', { type: 'fragment' }, later],
    ['later', { type: 'fragment', part: 'later' }, later],
    ['later: no ports', to42, later, 'it is a later fragment, without a transport header'],
    ['later: protocol', { type: 'ip-protocol', protocol: 17 }, later],
    ['an atomic one is none', { type: 'fragment' }, headers([fragment(17, 0, false)], 44), 'it is no fragment'],
    ['IPv4: first', { type: 'fragment', part: 'first' }, over4(udp(1, 42), { moreFragments: true })],
    ['IPv4: later, and the last', { type: 'fragment', part: 'later' }, over4(udp(1, 42), { fragmentOffset: 8 })],
    ['IPv4: none', { type: 'fragment' }, plain, 'it is no fragment'],
    [
      'IPv4 has no authentication header to walk',
      { type: 'ip-protocol', protocol: 51 },
      over4(udp(1, 42), { protocol: 51 }),
    ],
    [
      'nothing follows',
      { type: 'bytes', from: 'transport', offset: 0, value: '01' },
      over6(undefined, { nextHeader: 59 }, { payload }),
    ],
  ]);
});

describe('addresses and fields', () => {
  const tagged = over4(udp(1, 42), {}, { vlan });
  table([
    ['a mask', { type: 'ipv4-dst-mask', address: '10.0.0.2', mask: '255.0.255.3' }, plain],
    [
      'not under a mask',
      { type: 'ipv4-dst-mask', address: '10.0.1.0', mask: '255.255.255.0' },
      plain,
      'destination is 10.0.0.2, not 10.0.1.0 under the mask 255.255.255.0',
    ],
    ['a mask of IPv6', { type: 'ipv6-dst-mask', address: '2001:db8::2', mask: 'ffff:ffff::3' }, over6(undefined)],
    ['a prefix', { type: 'src-prefix', prefix: ['2001:db8::/32', '10.0.0.0/31'] }, plain],
    [
      'no prefix',
      { type: 'dst-prefix', prefix: ['2001:db8::/32', '10.0.0.0/31'] },
      plain,
      'destination is 10.0.0.2, not in 2001:db8::/32 or 10.0.0.0/31',
    ],
    [
      'all of IPv4 is not IPv6',
      { type: 'src-prefix', prefix: '0.0.0.0/0' },
      over6(undefined),
      'source is 2001:db8::1, not in 0.0.0.0/0',
    ],
    ['a prefix within a byte', { type: 'src-prefix', prefix: '2001:db8::/125' }, over6(undefined)],
    ['a MAC', { type: 'src-mac', mac: '02:00:00:00:00:01' }, arp],
    [
      'another MAC',
      { type: 'dst-mac', mac: ['02:00:00:00:00:01', '02:00:00:00:00:03'] },
      arp,
      'destination MAC is 02:00:00:00:00:02, not 02:00:00:00:00:01 or 02:00:00:00:00:03',
    ],
    ['an EtherType behind tags', { type: 'ether-type', value: 0x800 }, tagged],
    [
      'another EtherType',
      { type: 'ether-type', value: 0x86dd },
      tagged,
      'EtherType is IPv4 (0x0800), not IPv6 (0x86dd)',
    ],
    ['the outer tag', { type: 'vlan', id: 100 }, tagged],
    ['the inner tag', { type: 'vlan', tag: 'inner', id: '5-10' }, tagged],
    ['another id', { type: 'vlan', id: 7 }, tagged, 'outer VLAN id is 100, not 7'],
    ['no tag', { type: 'vlan' }, plain, 'it has no VLAN tag'],
    [
      'no inner tag',
      { type: 'vlan', tag: 'inner' },
      over4(undefined, {}, { vlan: [{ id: 5 }] }),
      'it has no inner VLAN tag',
    ],
    ['only the outer tag is whole', { type: 'vlan', id: 100 }, cut(tagged, 21)],
    ['a tag that is not whole', { type: 'vlan' }, cut(tagged, 17), 'it has no VLAN tag'],
    ['a tag that is just whole', { type: 'vlan' }, cut(tagged, 18)],
    ['DSCP of IPv4', { type: 'dscp', value: 46 }, over4(undefined, { dscp: 46, ecn: 3 })],
    ['DSCP of IPv6', { type: 'dscp', value: 46 }, over6(undefined, { dscp: 46, ecn: 3, flowLabel: 0xfffff })],
    ['another DSCP', { type: 'dscp', value: '0-10' }, over6(undefined, { dscp: 46 }), 'DSCP is 46, not 0-10'],
    ['TTL', { type: 'ttl', value: '0-1' }, over4(undefined, { ttl: 1 })],
    ['hop limit', { type: 'ttl', value: '0-1' }, over6(undefined), 'hop limit is 64, not 0-1'],
    ['length', { type: 'length', value: '0-45' }, plain, 'length is 46 bytes, not 0-45'],
    ['nothing at all', { type: 'length', value: 0 }, new Uint8Array(0)],
    ['bytes', { type: 'bytes', offset: 12, value: '0800' }, plain],
    ['bytes under a mask', { type: 'bytes', from: 'network', offset: 0, value: '40', mask: 'f0' }, plain],
    ['bytes of the transport', { type: 'bytes', from: 'transport', offset: 2, value: '002a' }, plain],
    ['bytes of the payload', { type: 'bytes', from: 'payload', offset: 3, value: '04' }, plain],
    [
      'bytes behind the end',
      { type: 'bytes', from: 'payload', offset: 3, value: '0400' },
      plain,
      'it ends before byte 5 of its payload',
    ],
    [
      'other bytes',
      { type: 'bytes', from: 'payload', offset: 0, value: '01ff' },
      plain,
      'bytes at payload 0 are 0102, not 01ff',
    ],
    ['no payload', { type: 'bytes', from: 'payload', offset: 0, value: '01' }, arp, 'it has no payload'],
    [
      'the payload behind TCP options',
      { type: 'bytes', from: 'payload', offset: 0, value: '01' },
      over4(tcp(1, 2, 16, new Uint8Array(8).fill(1)), {}, { payload }),
    ],
    ['the network of what is not IP', { type: 'bytes', from: 'network', offset: 0, value: '0001' }, arp],
    ['ICMP', { type: 'icmpv4', icmpType: 8, code: 0 }, over4(icmp(8))],
    ['ICMP code', { type: 'icmpv4', code: 1 }, over4(icmp(3, 3)), 'ICMP code is 3, not 1'],
    ['ICMPv6 is not ICMP', { type: 'icmpv4' }, over6(icmp(128)), 'the packet is IPv6, not IPv4'],
    ['ICMPv6', { type: 'icmpv6', icmpType: ['133-137', 128] }, over6(icmp(128))],
    ['ICMP over IPv6', { type: 'icmpv6' }, over6(icmp(8), { nextHeader: 1 }), 'protocol is ICMP (1), not ICMPv6 (58)'],
    ['seven bytes of ICMP', { type: 'icmpv4' }, cut(over4(icmp(8)), 41), 'the ICMP header is cut off'],
    ['an echo reply', { type: 'icmpv4-echo-reply-ip-dst', address: '10.0.0.2' }, over4(icmp(0))],
    [
      'an echo request',
      { type: 'icmpv4-echo-reply-ip-dst', address: '10.0.0.2' },
      over4(icmp(8)),
      'ICMP type is 8, not 0 (echo reply)',
    ],
    ['an echo reply of ICMPv6', { type: 'icmpv6-echo-reply-ip-dst', address: '2001:db8::2' }, over6(icmp(129))],
  ]);
});

describe('QUIC', () => {
  const quic = (bytes: Uint8Array) => over4(udp(5000, 443), {}, { payload: bytes });
  const quicOverTcp = (bytes: Uint8Array) => over6(tcp(5000, 443), {}, { payload: bytes });
  const initial = longQuic('initial');
  // Destination ID of 4 bytes, source ID of 5: the header ends behind 7 + 4 + 5 bytes.
  const flow = (type: 'quic-flow-src-cid' | 'quic-flow-dst-cid', cid: string, offset?: number): Match => ({
    type,
    port: 443,
    cid,
    ...(offset === undefined ? {} : { offset }),
  });
  table([
    ['long', { type: 'quic', form: 'long' }, quic(initial)],
    ['one byte', { type: 'quic', form: 'long' }, quic(cut(initial, 1))],
    ['no byte', { type: 'quic' }, quic(new Uint8Array(0)), 'the UDP payload is empty'],
    ['short', { type: 'quic', form: 'short' }, quic(initial), 'QUIC header is long, not short'],
    ['version', { type: 'quic', version: 1 }, quic(cut(initial, 5))],
    ['version cut off', { type: 'quic', version: 1 }, quic(cut(initial, 4)), 'QUIC header is long, without a version'],
    [
      'another version',
      { type: 'quic', version: '0xff000000-0xffffffff' },
      quic(initial),
      'QUIC version is 1, not 4278190080-4294967295',
    ],
    ['initial', { type: 'quic', packet: 'initial' }, quic(initial)],
    ['initial of version 2', { type: 'quic', packet: ['retry', 'initial'] }, quic(longQuic('initial', 0x6b3343cf))],
    ['handshake of version 2', { type: 'quic', packet: 'handshake' }, quic(longQuic('handshake', 0x6b3343cf))],
    [
      'handshake',
      { type: 'quic', packet: 'initial' },
      quic(longQuic('handshake')),
      'QUIC packet is handshake, not initial',
    ],
    ['one-rtt', { type: 'quic', packet: 'one-rtt' }, quic(shortQuic)],
    ['version negotiation', { type: 'quic', packet: 'version-negotiation' }, quic(hexFrame('80 00000000 00 00'))],
    [
      'an unknown version',
      { type: 'quic', packet: 'initial' },
      quic(hexFrame('c0 00000005 00 00')),
      'QUIC packet is of no known type, not initial',
    ],
    ['TCP is not read', { type: 'quic' }, quicOverTcp(initial), 'protocol is TCP (6), not UDP (17)'],
    ['source ID', flow('quic-flow-src-cid', '0506'), quic(initial)],
    ['within the source ID', flow('quic-flow-src-cid', '0809', 3), quic(initial)],
    [
      'over its end',
      flow('quic-flow-src-cid', '0809', 4),
      quic(initial),
      'source connection ID is 0506070809, without 0809 at 4',
    ],
    [
      'not the destination ID',
      flow('quic-flow-src-cid', '0102'),
      quic(initial),
      'source connection ID is 0506070809, without 0102 at 0',
    ],
    ['a header that just is whole', flow('quic-flow-src-cid', '0506'), quic(cut(initial, 16))],
    [
      'a header cut off',
      flow('quic-flow-src-cid', '0506'),
      quic(cut(initial, 15)),
      'the QUIC header is cut off or damaged',
    ],
    [
      'an ID of 21 bytes',
      flow('quic-flow-src-cid', '0506'),
      quic(hexFrame(`c0 00000001 15 ${'00'.repeat(21)} 02 0506`)),
      'the QUIC header is cut off or damaged',
    ],
    ['a short header', flow('quic-flow-src-cid', '0506'), quic(shortQuic), 'QUIC header is short, not long'],
    ['destination ID', flow('quic-flow-dst-cid', 'c0c1'), quic(shortQuic)],
    ['20 bytes of it', flow('quic-flow-dst-cid', 'd3', 19), quic(shortQuic)],
    [
      'an ID cut off',
      flow('quic-flow-dst-cid', 'c1c2', 1),
      quic(cut(shortQuic, 3)),
      'destination connection ID begins c0c1, without c1c2 at 1',
    ],
    ['a long header', flow('quic-flow-dst-cid', '0102'), quic(initial), 'QUIC header is long, not short'],
    [
      'another port',
      flow('quic-flow-dst-cid', '0102'),
      over4(udp(443, 5000), {}, { payload: shortQuic }),
      'destination port is 5000, not 443',
    ],
    ['over TCP', { type: 'tcp-quic-flow-src-cid', port: 443, cid: '05' }, quicOverTcp(initial)],
    ['over TCP, short', { type: 'tcp-quic-flow-dst-cid', port: 443, cid: 'c0' }, quicOverTcp(shortQuic)],
    [
      'over UDP',
      { type: 'tcp-quic-flow-dst-cid', port: 443, cid: 'c0' },
      quic(shortQuic),
      'protocol is UDP (17), not TCP (6)',
    ],
  ]);
});

describe('IP in IP', () => {
  const inner4 = plain.subarray(14);
  const inner6 = over6(udp(1, 42)).subarray(14);
  const to4: Match = { type: 'inner-ipv4-dst-mask-udp', address: '10.0.0.0', mask: '255.255.255.0' };
  const to6: Match = { type: 'inner-ipv6-dst-mask-udp', address: '2001:db8::2', mask: 'ffff:ffff::f' };
  const in4 = (protocol: number, payload: Uint8Array) => over4(undefined, { protocol }, { payload });
  const in6 = (nextHeader: number, payload: Uint8Array) => over6(undefined, { nextHeader }, { payload });
  table([
    ['4 in 4', to4, in4(4, inner4)],
    ['4 in 6', to4, in6(4, inner4)],
    ['6 in 4', to6, in4(41, inner6)],
    ['6 in 6', to6, in6(41, inner6)],
    ['another protocol', to6, in4(4, inner4), 'protocol is IPv4 in IP (4), not IPv6 in IP (41)'],
    ['the outer address', to4, plain, 'protocol is UDP (17), not IPv4 in IP (4)'],
    [
      'another inner address',
      { ...to4, address: '10.0.1.0' },
      in4(4, inner4),
      'inner destination is 10.0.0.2, not 10.0.1.0 under the mask 255.255.255.0',
    ],
    ['inner TCP', to4, in4(4, over4(tcp(1, 2)).subarray(14)), 'the inner packet is not UDP, or cut off'],
    ['inner options', to4, in4(4, over4(udp(1, 2), { options: new Uint8Array(4).fill(1) }).subarray(14))],
    [
      'an inner later fragment',
      to4,
      in4(4, over4(udp(1, 2), { fragmentOffset: 8 }).subarray(14)),
      'the inner packet is not UDP, or cut off',
    ],
    ['an inner first fragment', to4, in4(4, over4(udp(1, 2), { moreFragments: true }).subarray(14))],
    [
      'inner extension headers',
      to6,
      in4(41, over6(udp(1, 2), { nextHeader: 60, extensions: ext(extension(17)) }).subarray(14)),
      'the inner packet is not UDP, or cut off',
    ],
    ['an inner header cut off', to4, in4(4, inner4.subarray(0, 27)), 'the inner packet is not UDP, or cut off'],
    ['an inner header that is just whole', to4, in4(4, inner4.subarray(0, 28))],
    [
      'an outer later fragment',
      to4,
      over4(undefined, { protocol: 4, fragmentOffset: 8 }, { payload: inner4 }),
      'it is a later fragment, without a transport header',
    ],
  ]);
});

describe('combinations', () => {
  table([
    ['all', { all: [{ type: 'udp' }, { type: 'length', value: 46 }] }, plain],
    [
      'all but one',
      { all: [{ type: 'udp' }, { type: 'vlan' }, { type: 'tcp-dst', port: 1 }] },
      plain,
      'it has no VLAN tag',
    ],
    ['any', { any: [{ type: 'vlan' }, { type: 'udp' }] }, plain],
    [
      'none of any',
      { any: [{ type: 'vlan' }, { type: 'tcp-dst', port: 1 }] },
      plain,
      'it has no VLAN tag; protocol is UDP (17), not TCP (6)',
    ],
    ['not', { not: { type: 'udp-dst', port: 42 } }, plain, 'it is what it must not be: udp-dst 42'],
    ['every packet', { type: 'all' }, new Uint8Array(3)],
  ]);
});
