import type {
  Action,
  Match,
  NumberRange,
  Numbers,
  PlainAction,
  Rule,
  RuleSet,
  TypedMatch,
} from '../../dist/rules/index.js';
import type { Random } from './random.js';
import { WORLD } from './random-packets.js';

/** A valid rule set of up to `most` rules, with long and short lists. */
export function randomRules(random: Random, most: number): RuleSet {
  const count = random.between(1, most);
  const rules = Array.from({ length: count }, (_, i) => randomRule(random, i));
  if (random.chance(0.2)) rules.splice(random.below(count + 1), 0, ...similarRules(random));
  return { rules };
}

/** Rules in a row that differ in one number, or a few ranges. */
function similarRules(random: Random): Rule[] {
  const type = random.pick([
    'udp-dst',
    'tcp-dst',
    'ttl',
    'length',
    'port',
    'ip-protocol',
    'ether-type',
    'dscp',
  ] as const);
  return Array.from({ length: random.between(3, 12) }, () => {
    const made = MATCHES[type](random);
    const match = made.type === 'port' ? { ...made, side: 'dst' as const, protocol: 'udp' as const } : made;
    return { match, action: random.chance(0.95) ? random.pick(['drop', 'pass', 'l2-forward'] as const) : 'count' };
  });
}

function randomRule(random: Random, index: number): Rule {
  const rule = { match: randomMatch(random, 2), action: randomAction(random) };
  return random.chance(0.5) ? { name: `rule-${index}`, ...rule } : rule;
}

function randomMatch(random: Random, depth: number): Match {
  const kind = depth === 0 ? 0 : random.below(10);
  const several = () => Array.from({ length: random.between(1, 3) }, () => randomMatch(random, depth - 1));
  if (kind === 1) return { all: several() };
  if (kind === 2) return { any: several() };
  if (kind === 3) return { not: randomMatch(random, depth - 1) };
  return MATCHES[random.pick(TYPES)](random) as TypedMatch;
}

function randomAction(random: Random): Action {
  if (random.chance(0.8)) return plainAction(random);
  const unit = random.chance(0.5)
    ? { packets: random.pick([1, 3, 1000, 100_000_000]) }
    : { bytes: random.pick([100, 1_000_000, 100_000_000_000]) };
  const rate = unit.packets ?? unit.bytes;
  return {
    limit: {
      ...unit,
      ...(random.chance(0.7) ? { burst: Math.min(random.pick([1, 2, 5, 200, 100_000]), 86_400 * rate) } : {}),
      ...(random.chance(0.4)
        ? { perSource: random.pick([{}, { ipv4: 24 }, { ipv4: 0, ipv6: 128 }, { ipv6: 33, ipv4: 31 }]) }
        : {}),
      ...(random.chance(0.5) ? { within: plainAction(random) } : {}),
      ...(random.chance(0.5) ? { over: plainAction(random) } : {}),
    },
  };
}

function plainAction(random: Random): PlainAction {
  return random.pick<PlainAction>([
    'drop',
    'drop',
    'pass',
    'count',
    'count',
    'count',
    'redirect',
    'l2-forward',
    { redirect: { socket: 'capture' } },
    { redirect: { interface: 'lo' } },
    { program: '/sys/fs/bpf/next' },
    { steer: 'edge' },
  ]);
}

type Make = (random: Random) => TypedMatch;

const port = (random: Random) => (random.chance(0.9) ? random.pick(WORLD.ports) : random.below(65536));
const hex = (bytes: readonly number[] | Uint8Array) => Buffer.from(bytes).toString('hex');
const hexNumber = (value: number, digits: number) => value.toString(16).padStart(digits, '0');

/** Few or many numbers, as such, as texts and as ranges. */
function numbers(random: Random, max: number, usual: readonly number[]): Numbers {
  const one = (): NumberRange => {
    const value = () => (random.chance(0.7) ? Math.min(random.pick(usual), max) : random.between(0, max));
    if (random.chance(0.6)) return value();
    const [a, b] = [value(), value()];
    return random.chance(0.5)
      ? `${Math.min(a, b)}-${Math.min(max, Math.min(a, b) + random.below(8))}`
      : `${Math.min(a, b)}-${Math.max(a, b)}`;
  };
  if (random.chance(0.4)) return one();
  if (random.chance(0.5)) return Array.from({ length: random.between(1, 5) }, one);
  const many = Array.from({ length: random.between(10, 150) }, () => random.between(0, max));
  return [...many, random.pick(usual)];
}

const ports = (random: Random) => numbers(random, 65535, WORLD.ports);
const ipv4 = (random: Random) => random.pick(WORLD.ipv4);
const ipv6 = (random: Random) => random.pick(WORLD.ipv6);

function prefixes(random: Random): string | string[] {
  const bits = (length: number) =>
    random.pick([0, 1, 8, 16, 24, 31, length, random.below(length + 1)].filter((n) => n <= length));
  const one = () => {
    if (random.chance(0.5)) {
      const length = bits(32);
      const value = Number.parseInt(
        ipv4(random)
          .split('.')
          .map((part) => hexNumber(Number(part), 2))
          .join(''),
        16,
      );
      const kept = length === 0 ? 0 : (value & (0xffffffff << (32 - length))) >>> 0;
      return `${[24, 16, 8, 0].map((shift) => (kept >>> shift) & 255).join('.')}/${length}`;
    }
    const length = random.pick([0, 16, 32, 64, 127, 128]);
    const words = { 0: '::', 16: '2001::', 32: '2001:db8::', 64: '2001:db8:0:1::' }[length];
    if (words !== undefined) return `${words}/${length}`;
    return length === 127 ? '2001:db8::/127' : `${ipv6(random)}/128`;
  };
  if (random.chance(0.4)) return one();
  if (random.chance(0.5)) return Array.from({ length: random.between(1, 4) }, one);
  const many = Array.from(
    { length: random.between(6, 40) },
    () => `10.${random.below(4)}.${random.below(4)}.${random.below(256)}`,
  );
  const six = Array.from({ length: random.between(0, 8) }, () => `2001:db8:0:${random.below(4)}::/64`);
  return [...many, ...six, ...(random.chance(0.5) ? [one()] : [])];
}

function masked(random: Random, version: 4 | 6): { address: string; mask: string } {
  if (version === 4) {
    const mask = random.pick(['255.255.255.255', '255.255.255.0', '255.0.255.0', '0.0.0.255', '0.0.0.0']);
    const parts = ipv4(random)
      .split('.')
      .map((part, i) => Number(part) & Number(mask.split('.')[i]));
    return { address: parts.join('.'), mask };
  }
  return random.pick([
    { address: '2001:db8::', mask: 'ffff:ffff::' },
    { address: '::1', mask: '::ffff' },
    { address: '2001:db8::1', mask: 'ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff' },
    { address: '::', mask: '::' },
    { address: 'fe80::', mask: 'ffc0::' },
  ]);
}

const cid =
  (type: 'quic-flow-src-cid' | 'quic-flow-dst-cid' | 'tcp-quic-flow-src-cid' | 'tcp-quic-flow-dst-cid'): Make =>
  (random) => {
    const offset = random.pick([0, 0, 1, 4, 7, 19]);
    const length = Math.min(20 - offset, random.pick([1, 2, 4, 8, 20]));
    const id = hex(WORLD.cid.slice(offset, offset + length));
    return { type, port: port(random), ...(offset > 0 ? { offset } : {}), cid: id };
  };

const optional = <T extends object>(random: Random, member: T): T | object => (random.chance(0.5) ? member : {});

function flagLists(random: Random): { set?: ('fin' | 'syn' | 'ack')[]; clear?: ('rst' | 'urg' | 'cwr')[] } {
  return random.pick([
    { set: ['syn'] },
    { set: ['fin', 'ack'], clear: ['rst'] },
    { clear: ['urg', 'cwr'] },
    { set: ['ack'] },
  ] as const) as never;
}

function list<T>(random: Random, make: () => T): T | T[] {
  return random.chance(0.5) ? make() : Array.from({ length: random.between(1, 8) }, make);
}

const mac = (random: Random) =>
  random.chance(0.7) ? random.pick(WORLD.macs) : [...random.bytes(6)].map((byte) => hexNumber(byte, 2)).join(':');

const MATCHES: { readonly [T in TypedMatch['type']]: Make } = {
  all: () => ({ type: 'all' }),
  udp: () => ({ type: 'udp' }),
  'udp-dst': (r) => ({ type: 'udp-dst', port: port(r) }),
  'tcp-dst': (r) => ({ type: 'tcp-dst', port: port(r) }),
  'tcp-control-dst': (r) => ({ type: 'tcp-control-dst', port: port(r) }),
  'ipv4-dst-mask': (r) => ({ type: 'ipv4-dst-mask', ...masked(r, 4) }),
  'ipv6-dst-mask': (r) => ({ type: 'ipv6-dst-mask', ...masked(r, 6) }),
  'inner-ipv4-dst-mask-udp': (r) => ({ type: 'inner-ipv4-dst-mask-udp', ...masked(r, 4) }),
  'inner-ipv6-dst-mask-udp': (r) => ({ type: 'inner-ipv6-dst-mask-udp', ...masked(r, 6) }),
  'quic-flow-src-cid': cid('quic-flow-src-cid'),
  'quic-flow-dst-cid': cid('quic-flow-dst-cid'),
  'tcp-quic-flow-src-cid': cid('tcp-quic-flow-src-cid'),
  'tcp-quic-flow-dst-cid': cid('tcp-quic-flow-dst-cid'),
  'ipv4-udp-tuple': (r) => ({ type: 'ipv4-udp-tuple', src: ipv4(r), dst: ipv4(r), srcPort: port(r), dstPort: port(r) }),
  'ipv6-udp-tuple': (r) => ({ type: 'ipv6-udp-tuple', src: ipv6(r), dst: ipv6(r), srcPort: port(r), dstPort: port(r) }),
  'udp-port-set': (r) => ({ type: 'udp-port-set', ports: ports(r) }),
  'ipv4-udp-port-set': (r) => ({ type: 'ipv4-udp-port-set', address: ipv4(r), ports: ports(r) }),
  'ipv6-udp-port-set': (r) => ({ type: 'ipv6-udp-port-set', address: ipv6(r), ports: ports(r) }),
  'ipv4-tcp-port-set': (r) => ({ type: 'ipv4-tcp-port-set', address: ipv4(r), ports: ports(r) }),
  'ipv6-tcp-port-set': (r) => ({ type: 'ipv6-tcp-port-set', address: ipv6(r), ports: ports(r) }),
  'ip-next-header': (r) => ({ type: 'ip-next-header', protocol: r.pick(WORLD.protocols) }),
  'icmpv4-echo-reply-ip-dst': (r) => ({ type: 'icmpv4-echo-reply-ip-dst', address: ipv4(r) }),
  'icmpv6-echo-reply-ip-dst': (r) => ({ type: 'icmpv6-echo-reply-ip-dst', address: ipv6(r) }),
  'src-mac': (r) => ({ type: 'src-mac', mac: list(r, () => mac(r)) }),
  'dst-mac': (r) => ({ type: 'dst-mac', mac: list(r, () => mac(r)) }),
  'ether-type': (r) => ({ type: 'ether-type', value: numbers(r, 65535, WORLD.etherTypes) }),
  vlan: (r) => ({
    type: 'vlan',
    ...optional(r, { tag: r.pick(['outer', 'inner'] as const) }),
    ...optional(r, { id: numbers(r, 4095, WORLD.vlans) }),
  }),
  'src-prefix': (r) => ({ type: 'src-prefix', prefix: prefixes(r) }),
  'dst-prefix': (r) => ({ type: 'dst-prefix', prefix: prefixes(r) }),
  'ip-protocol': (r) => ({ type: 'ip-protocol', protocol: numbers(r, 255, WORLD.protocols) }),
  dscp: (r) => ({ type: 'dscp', value: numbers(r, 63, [0, 1, 46, 63]) }),
  ttl: (r) => ({ type: 'ttl', value: numbers(r, 255, [1, 64, 255]) }),
  fragment: (r) => ({ type: 'fragment', ...optional(r, { part: r.pick(['any', 'first', 'later'] as const) }) }),
  port: (r) => ({
    type: 'port',
    ...optional(r, { protocol: r.pick(['tcp', 'udp', 'either'] as const) }),
    ...optional(r, { side: r.pick(['src', 'dst', 'either'] as const) }),
    ports: ports(r),
  }),
  'tcp-flags': (r) => ({ type: 'tcp-flags', ...flagLists(r) }),
  icmpv4: (r) => ({
    type: 'icmpv4',
    ...optional(r, { icmpType: numbers(r, 255, [0, 8]) }),
    ...optional(r, { code: numbers(r, 255, [0, 1, 2, 3]) }),
  }),
  icmpv6: (r) => ({
    type: 'icmpv6',
    ...optional(r, { icmpType: numbers(r, 255, [128, 129]) }),
    ...optional(r, { code: numbers(r, 255, [0, 1, 2, 3]) }),
  }),
  quic: (r) => ({
    type: 'quic',
    ...optional(r, { form: r.pick(['long', 'short'] as const) }),
    ...optional(r, { version: numbers(r, 0xffffffff, WORLD.versions) }),
    ...optional(r, {
      packet: list(r, () =>
        r.pick(['version-negotiation', 'initial', 'zero-rtt', 'handshake', 'retry', 'one-rtt'] as const),
      ),
    }),
  }),
  length: (r) => ({ type: 'length', value: numbers(r, 65535, [14, 42, 60, 64, 80, 100]) }),
  bytes: (r) => {
    const from = r.pick([undefined, 'frame', 'network', 'transport', 'payload'] as const);
    const value = r.chance(0.5)
      ? Uint8Array.from(WORLD.cid.slice(0, r.pick([1, 2, 3, 9, 16])))
      : r.bytes(r.between(1, 32));
    const mask = r.pick(['none', 'zero', 'random'] as const);
    const kept =
      mask === 'none'
        ? undefined
        : mask === 'zero'
          ? new Uint8Array(value.length)
          : r.bytes(value.length).map((b) => b & r.below(256));
    return {
      type: 'bytes',
      ...(from === undefined ? {} : { from }),
      offset: r.chance(0.8) ? r.below(40) : r.pick([60, 200, 9215]),
      value: hex(value.map((byte, i) => byte & (kept?.[i] ?? 255))),
      ...(kept === undefined ? {} : { mask: hex(kept) }),
    };
  },
};

const TYPES = Object.keys(MATCHES) as TypedMatch['type'][];
