import fc from 'fast-check';
import { expect, test } from 'vitest';
import {
  type Action,
  checkRules,
  evaluateRules,
  type Match,
  type RuleSet,
  validateRules,
} from '../../dist/rules/index.js';
import { encodeFrame } from '../../dist/wire/index.js';
import { damagedFrame } from '../wire/arbitrary-frame.js';
import { match, ruleSets, typedMatch } from './model-arbitrary.js';
import { arp, over4, over6, tcp, udp } from './reference-frames.js';

type Pair = Match | [Match, Action];
const check = (...matches: Pair[]) =>
  checkRules(
    validateRules({
      rules: matches.map((one) =>
        Array.isArray(one) ? { match: one[0], action: one[1] } : { match: one, action: 'drop' },
      ),
    }),
  );
const to = (...ports: (number | string)[]): Match => ({ type: 'udp-port-set', ports });
const from = (...prefix: string[]): Match => ({ type: 'src-prefix', prefix });

test.each<[string, Pair[], number[]]>([
  ['the same', [to(42), to(42)], [0]],
  ['all', [{ type: 'all' }, to(42)], [0]],
  ['a larger set', [to('1-100'), to(5, '7-9')], [0]],
  [
    'by another name',
    [
      { type: 'port', protocol: 'udp', side: 'dst', ports: '0-100' },
      { type: 'udp-dst', port: 42 },
    ],
    [0],
  ],
  ['fewer conditions', [{ type: 'udp' }, { all: [from('10.0.0.0/8'), to(42)] }], [0]],
  ['a shorter prefix', [from('10.0.0.0/8', '::/0'), from('10.1.0.0/16', '2001:db8::/32')], [0]],
  [
    'a mask is a prefix',
    [
      from('::/0'),
      { type: 'dst-prefix', prefix: '10.0.0.0/8' },
      { type: 'ipv4-dst-mask', address: '10.1.0.0', mask: '255.255.0.0' },
    ],
    [1],
  ],
  [
    'every address of a version',
    [from('0.0.0.0/0'), { type: 'ipv4-dst-mask', address: '0.0.0.2', mask: '0.0.0.255' }],
    [0],
  ],
  ['UDP is a protocol', [{ type: 'ip-protocol', protocol: 17 }, to(42)], [0]],
  [
    'IPv4 is an EtherType',
    [
      { type: 'ether-type', value: 0x800 },
      { type: 'icmpv4-echo-reply-ip-dst', address: '10.0.0.1' },
    ],
    [0],
  ],
  ['an inner tag has an outer one', [{ type: 'vlan' }, { type: 'vlan', tag: 'inner', id: 5 }], [0]],
  ['a member of any', [{ any: [to(1), to(2)] }, to(2)], [0]],
  ['each member of any', [to('1-9'), { any: [to(1), to(2)] }], [0]],
  ['two together', [to('0-99'), to('100-199'), to('50-150')], [0, 1]],
  ['halves of a prefix', [from('10.0.0.0/9'), to(1), from('10.128.0.0/9'), from('10.0.0.0/8')], [0, 2]],
  [
    'one field of several',
    [{ all: [from('10.0.0.0/8'), to('0-500')] }, to('400-1000'), { all: [from('10.1.0.0/16'), to('300-600')] }],
    [0, 1],
  ],
  ['the same that is like nothing else', [{ not: to(42) }, { all: [to(1), { not: to(42) }] }], [0]],
  ['a limit that decides', [[to(42), { limit: { packets: 1 } }], to(42)], [0]],
  ['a contradiction', [to(1), { all: [to(42), { type: 'tcp-dst', port: 42 }] }], []],
  ['IPv6 is not from IPv4', [to(1), { all: [from('10.0.0.0/8'), { type: 'icmpv6' }] }], []],
])('warned of: %s', (_, rules, by) => {
  expect(check(...rules)).toEqual([expect.objectContaining({ rule: rules.length - 1, by })]);
});

test.each<[string, Pair[]]>([
  ['overlapping', [to('1-100'), to('50-101')]],
  ['a gap between two', [to('0-99'), to('101-199'), to('50-150')]],
  ['another protocol', [to('0-65535'), { type: 'tcp-dst', port: 42 }]],
  [
    'two fields',
    [
      { all: [from('10.0.0.0/8'), to('0-99')] },
      { all: [from('11.0.0.0/8'), to('100-199')] },
      { all: [from('10.0.0.0/7'), to('0-199')] },
    ],
  ],
  ['counting', [[to(42), 'count'], to(42)]],
  ['a limit that goes on', [[to(42), { limit: { packets: 1, within: 'count' } }], to(42)]],
  ['all of IPv4 is not all', [from('0.0.0.0/0', '::/0'), { type: 'all' }]],
  [
    'all flags',
    [
      { type: 'tcp-flags', set: ['syn'] },
      { type: 'tcp-flags', clear: ['syn'] },
      { type: 'tcp-dst', port: 1 },
    ],
  ],
])('not warned of: %s', (_, rules) => {
  expect(check(...rules)).toEqual([]);
});

test('the words name the rules', () => {
  const rules = (...parts: [string | undefined, Match][]): RuleSet =>
    validateRules({
      rules: parts.map(([name, one]) => ({ ...(name === undefined ? {} : { name }), match: one, action: 'drop' })),
    });
  expect(
    checkRules(rules(['low', to('0-99')], [undefined, to('100-199')], ['web', to(80)], ['both', to('50-150')])).map(
      ({ message }) => message,
    ),
  ).toEqual([
    'rule 3 "web" never comes to a packet: rule 1 "low" decides about all that it matches',
    'rule 4 "both" never comes to a packet: rule 1 "low" and rule 2 together decide about all that it matches (over destination port)',
  ]);
  expect(checkRules(rules([undefined, { all: [{ type: 'icmpv4' }, { type: 'icmpv6' }] }]))[0]?.message).toBe(
    'rule 1 matches no packet: it contradicts itself',
  );
});

const LONG = Boolean(process.env['XDPKIT_LONG']);

/** Rules that have much to do with each other, and packets that have something to do with them. */
const related = fc.array(typedMatch, { minLength: 1, maxLength: 4 }).chain((pool) => {
  const one = fc.constantFrom<Match>(...pool);
  const some = fc.array(one, { minLength: 1, maxLength: 3 });
  const related = fc.oneof(
    one,
    match,
    some.map((all) => ({ all })),
    some.map((any) => ({ any })),
    one.map((not) => ({ not })),
  );
  return fc.array(related, { minLength: 2, maxLength: 8 });
});
const frames = [arp, over4(udp(42, 443)), over6(udp(42, 443)), over4(tcp(42, 443)), over6(tcp(8080, 53))];

test(
  'a rule that is warned of decides about no packet',
  () => {
    let warned = 0;
    fc.assert(
      fc.property(related, fc.array(damagedFrame, { maxLength: 8 }), (matches, damages) => {
        const rules = validateRules({ rules: matches.map((one) => ({ match: one, action: 'drop' })) });
        const warnings = checkRules(rules);
        warned += warnings.length;
        for (const frame of [...frames, ...damages.map((damage) => damage(encodeFrame))]) {
          const { rule } = evaluateRules(rules, frame);
          expect(warnings.map((one) => one.rule)).not.toContain(rule);
          // What decides instead is what the warning names.
          for (const { rule: dead, by } of warnings) {
            const first = evaluateRules({ rules: [rules.rules[dead]!] }, frame).rule;
            const others = evaluateRules({ rules: by.map((index) => rules.rules[index]!) }, frame).rule;
            if (first !== undefined) expect(others).toBeDefined();
          }
        }
      }),
      { numRuns: LONG ? 100_000 : 500 },
    );
    expect(warned).toBeGreaterThan(100);
  },
  LONG ? 900_000 : undefined,
);

test('no rule set keeps it busy for long', () => {
  const started = performance.now();
  const many = Array.from(
    { length: 1024 },
    (_, i): Match => ({ any: Array.from({ length: 16 }, (_, j) => to(i * 16 + j)) }),
  );
  expect(check(...many)).toEqual([]);
  const large: Match[] = [
    to(...Array.from({ length: 30_000 }, (_, i) => i * 2)),
    to(...Array.from({ length: 30_000 }, (_, i) => i * 2 + 1)),
    to('1000-2000'),
  ];
  expect(check(...large)).toHaveLength(1);
  expect(performance.now() - started).toBeLessThan(20_000);
  fc.assert(fc.property(ruleSets(), (rules) => void checkRules(rules)));
});
