import type { Action, Match } from '../../dist/rules/index.js';

const ip4 = (n: number) => `10.${(n >> 16) & 255}.${(n >> 8) & 255}.${n & 255}`;
const ip6 = (n: number) => `2001:db8::${(n >> 12).toString(16)}:${((n & 0xfff) + 1).toString(16)}`;
const mac = (n: number) => `02:00:00:00:${hex(n, 4).slice(4, 6)}:${hex(n, 4).slice(6)}`;
const hex = (n: number, bytes: number) =>
  n
    .toString(16)
    .padStart(8, '0')
    .padEnd(2 * bytes, 'a5')
    .slice(0, 2 * bytes);
const masked = (n: number, bytes: number) => ({
  value: Buffer.from(Buffer.from(hex(n, bytes), 'hex').map((byte) => byte & 0x7f)).toString('hex'),
  mask: '7f'.repeat(bytes),
});
/** 20 numbers of so many bits, which stand apart. */
const numbers = (n: number, bits = 16) => [
  ...new Set(Array.from({ length: 20 }, (_, i) => (n * 7919 + i * 1237 * (1 + (n % 13))) % 2 ** bits)),
];
const flags = ['fin', 'syn', 'rst', 'psh', 'ack', 'urg', 'ece', 'cwr'] as const;

/** The nth condition of each kind: of some kinds a simple one, and the most costly one. */
export const KINDS: Readonly<Record<string, (n: number) => Match>> = {
  all: () => ({ type: 'all' }),
  udp: () => ({ type: 'udp' }),
  'udp-dst': (n) => ({ type: 'udp-dst', port: n }),
  'tcp-dst': (n) => ({ type: 'tcp-dst', port: n }),
  'tcp-control-dst': (n) => ({ type: 'tcp-control-dst', port: n }),
  'ipv4-dst-mask': (n) => ({ type: 'ipv4-dst-mask', address: ip4(n & 0xff7f), mask: '255.255.255.127' }),
  'ipv6-dst-mask': (n) => ({ type: 'ipv6-dst-mask', address: ip6(n & 0xff7f), mask: `7fff:${'ffff:'.repeat(6)}ffff` }),
  'ipv4-udp-tuple': (n) => ({ type: 'ipv4-udp-tuple', src: ip4(n), dst: ip4(n + 1), srcPort: n, dstPort: n + 1 }),
  'ipv6-udp-tuple': (n) => ({ type: 'ipv6-udp-tuple', src: ip6(n), dst: ip6(n + 1), srcPort: n, dstPort: n + 1 }),
  'udp-port-set': (n) => ({ type: 'udp-port-set', ports: numbers(n) }),
  'ipv4-udp-port-set': (n) => ({ type: 'ipv4-udp-port-set', address: ip4(n), ports: numbers(n) }),
  'ipv6-udp-port-set': (n) => ({ type: 'ipv6-udp-port-set', address: ip6(n), ports: numbers(n) }),
  'ipv4-tcp-port-set': (n) => ({ type: 'ipv4-tcp-port-set', address: ip4(n), ports: numbers(n) }),
  'ipv6-tcp-port-set': (n) => ({ type: 'ipv6-tcp-port-set', address: ip6(n), ports: numbers(n) }),
  'ip-next-header': (n) => ({ type: 'ip-next-header', protocol: n % 256 }),
  'quic-flow-src-cid': (n) => ({ type: 'quic-flow-src-cid', port: n, cid: hex(n, 20) }),
  'quic-flow-dst-cid': (n) => ({ type: 'quic-flow-dst-cid', port: n, cid: hex(n, 20) }),
  'tcp-quic-flow-src-cid': (n) => ({ type: 'tcp-quic-flow-src-cid', port: n, cid: hex(n, 20) }),
  'tcp-quic-flow-dst-cid': (n) => ({ type: 'tcp-quic-flow-dst-cid', port: n, cid: hex(n, 20) }),
  'inner-ipv4-dst-mask-udp': (n) => ({
    type: 'inner-ipv4-dst-mask-udp',
    address: ip4(n & 0xff7f),
    mask: '255.255.255.127',
  }),
  'inner-ipv6-dst-mask-udp': (n) => ({
    type: 'inner-ipv6-dst-mask-udp',
    address: ip6(n & 0xff7f),
    mask: `7fff:${'ffff:'.repeat(6)}ffff`,
  }),
  'icmpv4-echo-reply-ip-dst': (n) => ({ type: 'icmpv4-echo-reply-ip-dst', address: ip4(n) }),
  'icmpv6-echo-reply-ip-dst': (n) => ({ type: 'icmpv6-echo-reply-ip-dst', address: ip6(n) }),
  'src-mac': (n) => ({ type: 'src-mac', mac: mac(n) }),
  'dst-mac, lists': (n) => ({ type: 'dst-mac', mac: Array.from({ length: 6 }, (_, i) => mac(n + 65_536 * i)) }),
  'ether-type': (n) => ({ type: 'ether-type', value: n }),
  'ether-type, sets': (n) => ({ type: 'ether-type', value: numbers(n) }),
  vlan: (n) => ({ type: 'vlan', id: n % 4096 }),
  'vlan, inner, sets': (n) => ({ type: 'vlan', tag: 'inner', id: numbers(n, 12) }),
  'src-prefix': (n) => ({ type: 'src-prefix', prefix: [ip4(n), ip6(n)] }),
  'dst-prefix, lists': (n) => ({
    type: 'dst-prefix',
    prefix: Array.from({ length: 8 }, (_, i) => (i < 5 ? ip4 : ip6)(8 * n + i)),
  }),
  'ip-protocol': (n) => ({ type: 'ip-protocol', protocol: n % 256 }),
  'ip-protocol, sets': (n) => ({ type: 'ip-protocol', protocol: numbers(n, 8) }),
  dscp: (n) => ({ type: 'dscp', value: n % 64 }),
  'dscp, sets': (n) => ({ type: 'dscp', value: numbers(n, 6) }),
  ttl: (n) => ({ type: 'ttl', value: n % 256 }),
  'ttl, sets': (n) => ({ type: 'ttl', value: numbers(n, 8) }),
  fragment: (n) => ({ type: 'fragment', part: (['any', 'first', 'later'] as const)[n % 3]! }),
  port: (n) => ({ type: 'port', ports: n }),
  'port, sets': (n) => ({ type: 'port', ports: numbers(n) }),
  'tcp-flags': (n) => ({ type: 'tcp-flags', set: [flags[n % 8]!], clear: [flags[(n + 1 + ((n >> 3) % 7)) % 8]!] }),
  icmpv4: (n) => ({ type: 'icmpv4', icmpType: n % 256, code: n >> 8 }),
  icmpv6: (n) => ({ type: 'icmpv6', icmpType: n % 256, code: n >> 8 }),
  quic: (n) => ({ type: 'quic', version: n, packet: ['version-negotiation', 'initial', 'retry', 'one-rtt'] }),
  'quic, sets': (n) => ({ type: 'quic', version: numbers(n) }),
  length: (n) => ({ type: 'length', value: n }),
  'length, sets': (n) => ({ type: 'length', value: numbers(n) }),
  bytes: (n) => ({ type: 'bytes', offset: n % 9000, ...masked(n, 32) }),
  'bytes, network': (n) => ({ type: 'bytes', from: 'network', offset: n % 9000, ...masked(n, 31) }),
  'bytes, transport': (n) => ({ type: 'bytes', from: 'transport', offset: n % 9000, ...masked(n, 31) }),
  'bytes, payload': (n) => ({ type: 'bytes', from: 'payload', offset: n % 9000, ...masked(n, 31) }),
  'expression of one byte': (n) => ({ expression: `ether[${n % 1000}] = ${n % 256}` }),
};

/** Expressions become as many instructions as they do: how many of them fit, of 16,384 that rule sets may have. */
export const EXPRESSIONS: Readonly<Record<string, (n: number) => Match>> = {
  'udp dst port': (n) => ({ expression: `udp dst port ${n}` }),
  'src net': (n) => ({ expression: `src net ${ip4(n)}/32` }),
  'ip6 src host': (n) => ({ expression: `ip6 src host ${ip6(n)}` }),
  // At most 1020: conditions that can't be true are taken out by the kernel, one after the other, which takes it long.
  arithmetic: (n) => ({ expression: `ip[${n % 200}] + ip[2] * 3 = ${n % 1021}` }),
};

/** How a rule's conditions may be put together. */
export const FORMS: Readonly<Record<string, (matches: readonly Match[]) => Match>> = {
  any: (any) => ({ any }),
  all: (all) => ({ all }),
  'none of': (matches) => ({ all: matches.map((not) => ({ not })) }),
  '16 deep': (matches) =>
    matches.reduce<Match>(
      (inner, match, i) => (i === 0 ? match : i % 2 === 0 ? { any: [match, inner] } : { all: [inner, match] }),
      { type: 'all' },
    ),
};

export const ACTIONS: Readonly<Record<string, (n: number) => Action>> = {
  drop: () => 'drop',
  pass: () => 'pass',
  redirect: () => 'redirect',
  'l2-forward': () => 'l2-forward',
  count: () => 'count',
  'sockets by name': (n) => ({ redirect: { socket: `socket-${n % 60}` } }),
  interfaces: (n) => ({ redirect: { interface: `if${n}` } }),
  programs: (n) => ({ program: `/sys/fs/bpf/program-${n}` }),
  limits: (n) => ({ limit: { packets: 1 + n, over: 'count' } }),
  'limits of bytes': (n) => ({ limit: { bytes: 1000 + n, within: 'count' } }),
  'limits of sources': (n) => ({
    limit: { packets: 1 + n, perSource: { ipv4: n % 33, ipv6: n % 129 }, over: 'count' },
  }),
};
