import fc from 'fast-check';
import type {
  Action,
  Limit,
  Match,
  NumberRange,
  Numbers,
  PlainAction,
  Rule,
  RuleSet,
  TypedMatch,
} from '../../dist/rules/index.js';
import { ipv4Text, ipv6Text, macText } from '../../dist/wire/index.js';

/** Valid rule sets in canonical form, of every kind of match and action, from a small world so that packets meet them. */

const bytes = (length: number) => fc.uint8Array({ minLength: length, maxLength: length });
const hex = (min: number, max: number) =>
  fc.uint8Array({ minLength: min, maxLength: max }).map((value) => Buffer.from(value).toString('hex'));

/** A record of which some members may be missing. */
function shape<T>(members: { [K in keyof T]-?: fc.Arbitrary<T[K]> }, optional: (keyof T)[] = []): fc.Arbitrary<T> {
  const required = (Object.keys(members) as (keyof T)[]).filter((key) => !optional.includes(key));
  return fc.record(members, { requiredKeys: required as never, noNullPrototype: true }) as fc.Arbitrary<T>;
}

const oneOrMore = <T>(one: fc.Arbitrary<T>): fc.Arbitrary<T | readonly T[]> =>
  fc.oneof(one, fc.array(one, { minLength: 1, maxLength: 4 }));

const number = (max: number, usual: readonly number[] = [0, 1, max]): fc.Arbitrary<number> =>
  fc.oneof(fc.constantFrom(...usual), fc.integer({ min: 0, max }));

const numbers = (max: number, usual?: readonly number[]): fc.Arbitrary<Numbers> => {
  const one = number(max, usual);
  const range = fc.tuple(one, one).map(([a, b]): NumberRange => (a === b ? a : `${Math.min(a, b)}-${Math.max(a, b)}`));
  return oneOrMore<NumberRange>(fc.oneof(one, range));
};

const clear = (value: Uint8Array, length: number) =>
  value.map((byte, i) => byte & (0xff00 >> Math.min(Math.max(length - i * 8, 0), 8)));

const PORTS: readonly number[] = [42, 53, 443, 4433, 8080];
const MACS: readonly string[] = ['02:00:00:00:00:01', '02:00:00:00:00:02', 'ff:ff:ff:ff:ff:ff'];
const port = number(0xffff, PORTS);
const ports = numbers(0xffff, PORTS);
const mac = fc.oneof(
  fc.constantFrom(...MACS),
  bytes(6).map((value) => macText(value)),
);

const ipv4Bytes = fc
  .tuple(fc.constantFrom(10, 192), fc.constant(0), fc.constantFrom(0, 1), number(255))
  .map((parts) => Uint8Array.from(parts));
const ipv6Bytes = fc
  .tuple(fc.constantFrom(0, 1), number(255))
  .map(([subnet, host]) => Uint8Array.of(0x20, 1, 0xd, 0xb8, 0, 0, 0, subnet, 0, 0, 0, 0, 0, 0, 0, host));
const ipv4: fc.Arbitrary<string> = ipv4Bytes.map((value) => ipv4Text(value));
const ipv6: fc.Arbitrary<string> = ipv6Bytes.map((value) => ipv6Text(value));

const prefix = fc.oneof(
  fc.tuple(ipv4Bytes, number(32, [0, 8, 24, 31, 32])).map(([value, n]) => `${ipv4Text(clear(value, n))}/${n}`),
  fc.tuple(ipv6Bytes, number(128, [0, 32, 64, 127, 128])).map(([value, n]) => `${ipv6Text(clear(value, n))}/${n}`),
);

const masked = <T extends string>(type: T, address: fc.Arbitrary<Uint8Array>, text: (value: Uint8Array) => string) =>
  fc
    .tuple(
      address,
      address.chain((value) =>
        fc.oneof(
          bytes(value.length),
          fc.constantFrom(
            value.map(() => 255),
            value.map((_, i) => (i < 3 ? 255 : 0)),
          ),
        ),
      ),
    )
    .map(([value, mask]) => ({ type, address: text(value.map((byte, i) => byte & mask[i]!)), mask: text(mask) }));

const cidMatch = (
  type: 'quic-flow-src-cid' | 'quic-flow-dst-cid' | 'tcp-quic-flow-src-cid' | 'tcp-quic-flow-dst-cid',
) =>
  fc
    .integer({ min: 0, max: 19 })
    .chain((offset) =>
      fc
        .tuple(port, hex(1, 20 - offset), fc.boolean())
        .map(([port, cid, isNamed]) => (isNamed || offset > 0 ? { type, port, offset, cid } : { type, port, cid })),
    );

const FLAGS = ['fin', 'syn', 'rst', 'psh', 'ack', 'urg', 'ece', 'cwr'] as const;
const flags = fc.array(fc.constantFrom(0, 1, 2), { minLength: 8, maxLength: 8 }).map((choice): TypedMatch => {
  const set = FLAGS.filter((_, i) => choice[i] === 1);
  const clear = FLAGS.filter((_, i) => choice[i] === 2);
  if (set.length + clear.length === 0) return { type: 'tcp-flags', set: ['syn'] };
  return { type: 'tcp-flags', ...(set.length > 0 ? { set } : {}), ...(clear.length > 0 ? { clear } : {}) };
});

const bytesMatch = fc
  .tuple(
    fc.constantFrom(undefined, 'frame', 'network', 'transport', 'payload'),
    number(9215, [0, 1, 6, 12, 20]),
    fc
      .uint8Array({ minLength: 1, maxLength: 4 })
      .chain((value) => fc.tuple(fc.constant(value), fc.option(bytes(value.length), { nil: undefined }))),
  )
  .map(([from, offset, [value, mask]]): TypedMatch => {
    const text = (digits: Uint8Array) => Buffer.from(digits).toString('hex');
    const common = { type: 'bytes', ...(from === undefined ? {} : { from: from as 'frame' }), offset } as const;
    return mask === undefined
      ? { ...common, value: text(value) }
      : { ...common, value: text(value.map((byte, i) => byte & mask[i]!)), mask: text(mask) };
  });

/** One arbitrary for every type, so that none is forgotten. */
const byType: { [T in TypedMatch['type']]: fc.Arbitrary<TypedMatch> } = {
  all: fc.constant({ type: 'all' }),
  udp: fc.constant({ type: 'udp' }),
  'udp-dst': shape({ type: fc.constant('udp-dst'), port }),
  'tcp-dst': shape({ type: fc.constant('tcp-dst'), port }),
  'tcp-control-dst': shape({ type: fc.constant('tcp-control-dst'), port }),
  'ipv4-dst-mask': masked('ipv4-dst-mask', ipv4Bytes, ipv4Text),
  'ipv6-dst-mask': masked('ipv6-dst-mask', ipv6Bytes, ipv6Text),
  'inner-ipv4-dst-mask-udp': masked('inner-ipv4-dst-mask-udp', ipv4Bytes, ipv4Text),
  'inner-ipv6-dst-mask-udp': masked('inner-ipv6-dst-mask-udp', ipv6Bytes, ipv6Text),
  'quic-flow-src-cid': cidMatch('quic-flow-src-cid'),
  'quic-flow-dst-cid': cidMatch('quic-flow-dst-cid'),
  'tcp-quic-flow-src-cid': cidMatch('tcp-quic-flow-src-cid'),
  'tcp-quic-flow-dst-cid': cidMatch('tcp-quic-flow-dst-cid'),
  'ipv4-udp-tuple': shape({ type: fc.constant('ipv4-udp-tuple'), src: ipv4, dst: ipv4, srcPort: port, dstPort: port }),
  'ipv6-udp-tuple': shape({ type: fc.constant('ipv6-udp-tuple'), src: ipv6, dst: ipv6, srcPort: port, dstPort: port }),
  'udp-port-set': shape({ type: fc.constant('udp-port-set'), ports }),
  'ipv4-udp-port-set': shape({ type: fc.constant('ipv4-udp-port-set'), address: ipv4, ports }),
  'ipv6-udp-port-set': shape({ type: fc.constant('ipv6-udp-port-set'), address: ipv6, ports }),
  'ipv4-tcp-port-set': shape({ type: fc.constant('ipv4-tcp-port-set'), address: ipv4, ports }),
  'ipv6-tcp-port-set': shape({ type: fc.constant('ipv6-tcp-port-set'), address: ipv6, ports }),
  'ip-next-header': shape({ type: fc.constant('ip-next-header'), protocol: number(255, [0, 1, 6, 17, 44, 58]) }),
  'icmpv4-echo-reply-ip-dst': shape({ type: fc.constant('icmpv4-echo-reply-ip-dst'), address: ipv4 }),
  'icmpv6-echo-reply-ip-dst': shape({ type: fc.constant('icmpv6-echo-reply-ip-dst'), address: ipv6 }),
  'src-mac': shape({ type: fc.constant('src-mac'), mac: oneOrMore(mac) }),
  'dst-mac': shape({ type: fc.constant('dst-mac'), mac: oneOrMore(mac) }),
  'ether-type': shape({ type: fc.constant('ether-type'), value: numbers(0xffff, [0x800, 0x806, 0x86dd, 0x8100]) }),
  vlan: shape({ type: fc.constant('vlan'), tag: fc.constantFrom('outer', 'inner'), id: numbers(4095) }, ['tag', 'id']),
  'src-prefix': shape({ type: fc.constant('src-prefix'), prefix: oneOrMore(prefix) }),
  'dst-prefix': shape({ type: fc.constant('dst-prefix'), prefix: oneOrMore(prefix) }),
  'ip-protocol': shape({ type: fc.constant('ip-protocol'), protocol: numbers(255, [1, 6, 17, 58]) }),
  dscp: shape({ type: fc.constant('dscp'), value: numbers(63) }),
  ttl: shape({ type: fc.constant('ttl'), value: numbers(255, [1, 64]) }),
  fragment: shape({ type: fc.constant('fragment'), part: fc.constantFrom('any', 'first', 'later') }, ['part']),
  port: shape(
    {
      type: fc.constant('port'),
      protocol: fc.constantFrom('tcp', 'udp', 'either'),
      side: fc.constantFrom('src', 'dst', 'either'),
      ports,
    },
    ['protocol', 'side'],
  ),
  'tcp-flags': flags,
  icmpv4: shape({ type: fc.constant('icmpv4'), icmpType: numbers(255), code: numbers(255) }, ['icmpType', 'code']),
  icmpv6: shape({ type: fc.constant('icmpv6'), icmpType: numbers(255), code: numbers(255) }, ['icmpType', 'code']),
  quic: shape(
    {
      type: fc.constant('quic'),
      form: fc.constantFrom('long', 'short'),
      version: numbers(0xffff_ffff, [0, 1, 0x6b3343cf]),
      packet: oneOrMore(fc.constantFrom('version-negotiation', 'initial', 'zero-rtt', 'handshake', 'retry', 'one-rtt')),
    },
    ['form', 'version', 'packet'],
  ),
  length: shape({ type: fc.constant('length'), value: numbers(0xffff, [14, 60, 64, 128]) }),
  bytes: bytesMatch,
};

export const MATCH_TYPES: readonly string[] = Object.keys(byType);

export const typedMatch: fc.Arbitrary<TypedMatch> = fc.oneof(...Object.values(byType));

export const match: fc.Arbitrary<Match> = fc.letrec<{ match: Match }>((tie) => ({
  match: fc.oneof(
    { maxDepth: 3, depthSize: 'small' },
    { arbitrary: typedMatch, weight: 6 },
    { arbitrary: shape({ all: fc.array(tie('match'), { minLength: 1, maxLength: 3 }) }), weight: 1 },
    { arbitrary: shape({ any: fc.array(tie('match'), { minLength: 1, maxLength: 3 }) }), weight: 1 },
    { arbitrary: shape({ not: tie('match') }), weight: 1 },
  ) as fc.Arbitrary<Match>,
})).match;

const plainAction: fc.Arbitrary<PlainAction> = fc.oneof(
  fc.constantFrom<PlainAction>('drop', 'pass', 'redirect', 'l2-forward', 'count', 'count'),
  fc.constantFrom<PlainAction>(
    { redirect: { socket: 'capture' } },
    { redirect: { interface: 'eth1' } },
    { program: '/sys/fs/bpf/next' },
    { steer: 'edge' },
  ),
);

const limit: fc.Arbitrary<Limit> = fc
  .tuple(
    fc.constantFrom('packets', 'bytes'),
    number(100_000, [1, 10, 1000]),
    shape<Omit<Limit, 'packets' | 'bytes'>>(
      {
        burst: fc.integer({ min: 1, max: 3000 }),
        perSource: shape({ ipv4: number(32), ipv6: number(128) }, ['ipv4', 'ipv6']),
        within: plainAction,
        over: plainAction,
      },
      ['burst', 'perSource', 'within', 'over'],
    ),
  )
  .map(([unit, rate, rest]) => ({ [unit]: Math.max(rate, 1), ...rest }));

const action: fc.Arbitrary<Action> = fc.oneof(
  { arbitrary: plainAction, weight: 5 },
  { arbitrary: shape<Action>({ limit } as never), weight: 1 },
);

export function ruleSets(withNames = true): fc.Arbitrary<RuleSet> {
  const rule = shape<Rule>(
    {
      name: fc.string({ unit: fc.constantFrom('a', 'b', '1', '-', 'ä', ':', '#', '"'), minLength: 1, maxLength: 12 }),
      match,
      action,
    },
    ['name'],
  );
  return fc.array(rule, { maxLength: 8 }).map((rules) => {
    const names = new Set<string>();
    return {
      rules: rules.map(({ name, ...rest }) => {
        if (!withNames || name === undefined || names.has(name)) return rest;
        names.add(name);
        return { name, ...rest };
      }),
    };
  });
}
