import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import {
  matchText,
  parsePrefix,
  type RuleSet,
  RulesError,
  readRules,
  toRanges,
  validateRules,
  writeRules,
} from '../../dist/rules/index.js';

const problems = (text: string, file?: string): string[] => {
  try {
    readRules(text, file === undefined ? {} : { file });
  } catch (error) {
    expect(error).toBeInstanceOf(RulesError);
    expect(error).toMatchObject({ code: 'XDP_ERR_RULES', exitCode: 2 });
    return (error as RulesError).message.split('\n');
  }
  throw new Error('it was read');
};
const inRule = (match: string, action = 'drop') => problems(`rules: [{ match: ${match}, action: ${action} }]`)[0];

test('a rule file is read into its canonical form, and written again', () => {
  const text = `# the first example
rules:
  - name: forty-two
    match: { type: udp-dst, port: 42 }
    action: drop
  - match:
      all:
        - { type: src-prefix, prefix: [10.0.0.0/8, 2001:DB8:0::/32, 192.0.2.1, ::1/128] }
        - not: { type: port, ports: [8000-0x1fff, 5] }
        - { type: bytes, offset: 12, value: "0800", mask: 'FFfF' }
        - { type: src-mac, mac: 02-00-00-00-00-0A }
        - expression: udp port 443
    action: { limit: { packets: 100, perSource: { ipv4: 24 }, over: { redirect: { socket: abc } } } }
`;
  const rules: RuleSet = {
    rules: [
      { name: 'forty-two', match: { type: 'udp-dst', port: 42 }, action: 'drop' },
      {
        match: {
          all: [
            { type: 'src-prefix', prefix: ['10.0.0.0/8', '2001:db8::/32', '192.0.2.1/32', '::1/128'] },
            { not: { type: 'port', ports: ['8000-8191', 5] } },
            { type: 'bytes', offset: 12, value: '0800', mask: 'ffff' },
            { type: 'src-mac', mac: '02:00:00:00:00:0a' },
            { expression: 'udp port 443' },
          ],
        },
        action: { limit: { packets: 100, perSource: { ipv4: 24 }, over: { redirect: { socket: 'abc' } } } },
      },
    ],
  };
  expect(readRules(text)).toEqual(rules);
  expect(writeRules(rules).split('\n').slice(0, 4)).toEqual(text.split('\n').slice(1, 5));
  expect(writeRules(rules)).toContain('{ limit: { packets: 100, perSource: { ipv4: 24 }, over:');
});

test('all that is wrong is named at once, by file, line, column and rule', () => {
  const text = `rules:
  - name: forty-two
    match: { type: udp-dst, port: 42 }
    action: drip
  - name: web
    match:
      any:
        - { type: src-prefix, prefix: [10.0.0.1/8, "::1"] }
        - not: { type: port, prots: [8000], ports: [5, 70000] }
        - { type: udp-dest, port: 42 }
    action: { redirect: { sock: x } }
  - match: { type: tcp-dst, port: }
    naem: x
`;
  expect(problems(text, 'edge.yaml')).toEqual([
    'edge.yaml:4:13: rule 1 "forty-two": action is drop, pass, redirect, l2-forward, count, or has redirect, program, steer or limit',
    'edge.yaml:8:40: rule 2 "web": any[0].prefix[0] has bits behind its length: "10.0.0.1/8" should be "10.0.0.0/8"',
    'edge.yaml:9:30: rule 2 "web": any[1].not has an unknown member "prots"',
    'edge.yaml:9:56: rule 2 "web": any[1].not.ports[1] is 0 to 65535, not 70000',
    'edge.yaml:10:19: rule 2 "web": any[2].type is no match: "udp-dest". Did you mean "udp-dst"?',
    'edge.yaml:11:25: rule 2 "web": redirect.socket is missing',
    'edge.yaml:11:27: rule 2 "web": redirect has an unknown member "sock"',
    'edge.yaml:12:5: rule 3: action is missing',
    'edge.yaml:12:35: rule 3: port is a number from 0 to 65535, not null',
    'edge.yaml:13:5: rule 3: it has an unknown member "naem"',
  ]);
});

test('the error holds the problems as data', () => {
  const text = '{"rules": [\n {"name": "web", "match": {"type": "udp-dst", "port": "42"}, "action": "drop"}]}';
  expect(() => readRules(text, { file: 'a.json' })).toThrow(
    expect.objectContaining({
      problems: [
        {
          file: 'a.json',
          line: 2,
          column: 55,
          rule: 1,
          name: 'web',
          path: 'rules.0.match.port',
          message: 'port is a number from 0 to 65535, not "42"',
        },
      ],
    }),
  );
  const many = { rules: Array.from({ length: 30 }, () => ({ match: { type: 'all' }, action: 'x' })) };
  expect(() => validateRules(many)).toThrow(/rule 20: action.*\nand 10 more$/);
});

test.each([
  ['{ type: ipv4-dst-mask, address: 10.0.0.1, mask: 255.255.255.0 }', '"10.0.0.1" should be "10.0.0.0"'],
  ['{ type: ipv4-dst-mask, address: "::1", mask: 255.255.255.0 }', 'is an IPv4 address such as 192.0.2.1, not "::1"'],
  ['{ type: ipv6-dst-mask, address: 1.2.3.4, mask: "::" }', 'is an IPv6 address'],
  ['{ type: bytes, offset: 0, value: "0f", mask: "f0" }', 'value has bits outside of the mask: "0f" should be "00"'],
  ['{ type: bytes, offset: 0, value: "0f", mask: "f0f0" }', 'mask has 2 bytes, and value 1'],
  ['{ type: bytes, offset: 0, value: 0102 }', 'in quotes: 102 was read as a number'],
  ['{ type: bytes, offset: 0, value: "012" }', 'two to a byte, not "012"'],
  ['{ type: bytes, offset: 9216, value: "01" }', 'offset is 0 to 9215, not 9216'],
  [`{ type: bytes, offset: 0, value: "${'00'.repeat(33)}" }`, 'has 1 to 32 bytes, not 33'],
  ['{ type: quic-flow-src-cid, port: 1, offset: 19, cid: "0102" }', 'a connection ID has at most 20'],
  ['{ type: tcp-flags }', 'names neither flags to be set nor'],
  ['{ type: tcp-flags, set: [syn], clear: [ack, syn] }', 'clear has syn, which set has too'],
  ['{ type: tcp-flags, set: [sin] }', 'set[0] is fin, syn, rst, psh, ack, urg, ece or cwr, not "sin"'],
  ['{ type: vlan, id: 4096 }', 'id is 0 to 4095, not 4096'],
  ['{ type: vlan, id: 9-5 }', 'or a range such as "1-5", not "9-5"'],
  ['{ type: vlan, id: 1.5 }', 'not 1.5'],
  ['{ type: vlan, id: -1 }', 'id is 0 to 4095, not -1'],
  ['{ type: vlan, id: [] }', 'id is an empty list'],
  ['{ type: dst-mac, mac: 02:00:00:00:01 }', 'is an Ethernet address such as'],
  ['{ type: dst-prefix, prefix: 10.0.0.0/33 }', 'is a prefix such as'],
  ['{ type: dst-prefix, prefix: fe80::1%eth0 }', 'is a prefix such as'],
  ['{ type: quic, packet: [initial, first] }', 'packet[1] is version-negotiation, initial'],
  ['{ type: quic, version: 4294967296 }', 'version is 0 to 4294967295'],
  ['{ all: [] }', 'all is an empty list'],
  ['{ expression: "" }', 'expression is a tcpdump expression of at most 4096'],
  ['{}', 'match has a type, or is all, any, not or expression'],
  ['5', 'match has a type, or is all, any, not or expression'],
  ['{ type: all, all: [] }', 'has an unknown member "all"'],
  [`${'{ not: '.repeat(17)}{ type: all }${' }'.repeat(17)}`, 'stands more than 16 deep'],
])('the match %s is refused', (match, reason) => {
  expect(inRule(match)).toContain(reason);
});

test.each([
  ['{ limit: {} }', 'limit needs packets or bytes, one of the two'],
  ['{ limit: { packets: 1, bytes: 1 } }', 'limit needs packets or bytes, one of the two'],
  ['{ limit: { packets: 1, burst: 86401 } }', "limit.burst is at most 86400, a day's worth, not 86401"],
  ['{ limit: { packets: 1, over: { limit: { packets: 2 } } } }', 'limit.over is drop, pass'],
  ['{ limit: { packets: 1, perSource: { ipv4: 33 } } }', 'limit.perSource.ipv4 is 0 to 32, not 33'],
  ['{ redirect: { interface: a b } }', 'redirect.interface is the name of an interface, not "a b"'],
  ['{ redirect: { interface: abcdefghijklmnop } }', 'is the name of an interface'],
  ['{ redirect: { socket: "" } }', 'redirect.socket is 1 to 32 letters'],
  ['{ program: next }', 'program is the absolute path'],
  ['{ steer: a b }', 'steer is 1 to 32 letters, digits, dashes and underscores, not "a b"'],
  ['[drop]', 'action is drop, pass'],
])('the action %s is refused', (action, reason) => {
  expect(inRule('{ type: all }', action)).toContain(reason);
});

describe('bounds', () => {
  const rule = (match: unknown = { type: 'all' }) => ({ match, action: 'drop' });
  const all = (n: number) => ({ all: Array.from({ length: n }, () => ({ type: 'udp' })) });
  const read = (rules: unknown[]) => () => validateRules({ rules });

  test('of a rule set', () => {
    expect(read(Array(1024).fill(rule()))).not.toThrow();
    expect(read(Array(1025).fill(rule()))).toThrow('rules has 1025 entries; 1024 are the most');
    expect(read([rule(all(64))])).not.toThrow();
    expect(read([rule(all(65))])).toThrow('rule 1: match has 65 conditions; 64 are the most');
    expect(read(Array(256).fill(rule(all(64))))).not.toThrow();
    expect(read(Array(257).fill(rule(all(64))))).toThrow('rules have 16448 conditions; 16384 are the most');
    expect(read([{ ...rule(), name: 'a' }, rule(), { ...rule(), name: 'a' }])).toThrow(
      'rule 3 "a": name is that of rule 1, too',
    );
    expect(read([])).not.toThrow();
  });

  test('of a list', () => {
    const list = (length: number) =>
      rule({ type: 'udp-port-set', ports: Array.from({ length }, (_, i) => i & 0xffff) });
    expect(read([list(65_536)])).not.toThrow();
    expect(read([list(65_537)])).toThrow('ports has 65537 entries; 65536 are the most');
  });

  test('expressions are read by whoever can, and count by their conditions', () => {
    const rules = { rules: [rule({ any: [{ expression: 'udp port 443' }, { type: 'all' }] })] };
    const seen: string[] = [];
    const expression = (text: string) => seen.push(text);
    validateRules(rules, { expression });
    expect(seen).toEqual(['udp port 443']);
    expect(() => validateRules(rules, { expression: () => 64 })).toThrow('has 65 conditions');
    const fails = () => {
      throw new Error('at 4: "port" of what?');
    };
    expect(() => validateRules(rules, { expression: fails })).toThrow(
      'rule 1: any[0].expression can\'t be read: at 4: "port" of what?',
    );
  });
});

test.each([
  ['', 'the rule set is a mapping, not null'],
  ['5', 'the rule set is a mapping, not 5'],
  ['rules: [5]', 'rule 1: it is a mapping, not 5'],
  ['rules: { a: 1 }', 'rules is a list, not {"a":1}'],
  ['a: 1\na: 2', '2:1: Map keys must be unique'],
  ['rules: !secret []', 'Unresolved tag: !secret'],
  ['rules: []\n---\nrules: []', 'multiple documents'],
  ['rules: [', 'Flow sequence'],
  ['{"rules": [,]}', '1:12: Unexpected , in flow sequence'],
  ['rules: &a [*a]', 'not something that has no end'],
  [`rules: [{ match: ${'{ not: '.repeat(5_000)}`, 'Maximum call stack'],
  [`{"rules":[{"match":${'{"not":'.repeat(5_000)}1${'}'.repeat(5_000)}}]}`, 'stands more than 16 deep'],
])('what is no rule set is refused (%#)', (text, reason) => {
  expect(problems(text).join('\n')).toContain(reason);
});

test('the examples in docs/rules.md can be read', () => {
  const docs = readFileSync(new URL('../../docs/rules.md', import.meta.url), 'utf8');
  const blocks = [...docs.matchAll(/```yaml\n(.*?)```/gs)].map((block) => block[1]!);
  expect(blocks.length).toBeGreaterThan(2);
  expect(readRules(blocks[0]!).rules).toHaveLength(1);
  for (const block of blocks) {
    const isAction = block.startsWith('action:');
    const rules = isAction ? `rules:\n- match: { type: all }\n${block.replace(/^/gm, '  ')}` : block;
    expect(() => readRules(rules)).not.toThrow();
  }
});

test('numbers become ranges in order, merged', () => {
  expect(toRanges(5)).toEqual([{ from: 5, to: 5 }]);
  expect(toRanges(['8-9', 3, '0x1-2', '5-5', '4-8', 11])).toEqual([
    { from: 1, to: 9 },
    { from: 11, to: 11 },
  ]);
  expect(toRanges(['1-9', '2-3', 10])).toEqual([{ from: 1, to: 10 }]);
});

test('a prefix has its bytes and its length', () => {
  expect(parsePrefix('10.0.0.0/8')).toEqual({ address: Uint8Array.of(10, 0, 0, 0), length: 8 });
  expect(parsePrefix('2001:db8::1')).toMatchObject({ length: 128 });
  expect(parsePrefix('10.0.0.0/33')).toBeUndefined();
});

test('a match in a few words', () => {
  expect(matchText({ type: 'udp-dst', port: 42 })).toBe('udp-dst 42');
  expect(matchText({ type: 'udp-port-set', ports: [1, '3-5', 7, 9, 11] })).toBe('udp-port-set 1,3-5,7 and 2 more');
  expect(matchText({ type: 'quic', form: 'long', version: 1 })).toBe('quic form long version 1');
  expect(matchText({ any: [{ all: [{ type: 'udp' }, { not: { type: 'vlan' } }] }, { expression: 'port 5' }] })).toBe(
    '(udp and not vlan) or "port 5"',
  );
});
