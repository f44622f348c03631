import { expect, test } from 'vitest';
import { type Action, type RuleSet, type WindowsMatch, windowsRules } from '../../dist/rules/index.js';

const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString('hex');
const zeros = (bytes: number) => '00'.repeat(bytes);
/** Little-endian. */
const u32 = (value: number) => hex(new Uint8Array(Uint32Array.of(value).buffer));

/** A rule of 72 bytes: match, padding, pattern, action, padding, parameters. */
function ruleHex(match: number, pattern: string, action: number, parameters = ''): string {
  return u32(match) + zeros(4) + pattern.padEnd(80, '0') + u32(action) + zeros(4) + parameters.padEnd(32, '0');
}

const ip4 = (text: string) => text.padEnd(32, '0');
const DB8_1 = '20010db8000000000000000000000001';
const DB8_2 = '20010db8000000000000000000000002';
const PORTS_AT_72 = `48${zeros(7)}`;

/** In the order of XDP_MATCH_TYPE; patterns as hexadecimal digits without the zeros behind them. */
const EXAMPLES: readonly (readonly [WindowsMatch, pattern: string])[] = [
  [{ type: 'all' }, ''],
  [{ type: 'udp' }, ''],
  [{ type: 'udp-dst', port: 443 }, '01bb'],
  [{ type: 'ipv4-dst-mask', address: '10.1.0.0', mask: '255.255.0.0' }, `${ip4('ffff0000')}${ip4('0a010000')}`],
  [{ type: 'ipv6-dst-mask', address: '2001:db8::', mask: 'ffff:ffff::' }, `ffffffff${zeros(12)}20010db8${zeros(12)}`],
  [{ type: 'quic-flow-src-cid', port: 4433, offset: 2, cid: '0a0b0c' }, '115103020a0b0c'],
  [{ type: 'quic-flow-dst-cid', port: 4433, cid: 'c0ffee' }, '11510300c0ffee'],
  [
    { type: 'ipv4-udp-tuple', src: '10.0.0.1', dst: '10.0.0.2', srcPort: 5000, dstPort: 443 },
    `${ip4('0a000001')}${ip4('0a000002')}138801bb`,
  ],
  [
    { type: 'ipv6-udp-tuple', src: '2001:db8::1', dst: '2001:db8::2', srcPort: 5000, dstPort: 443 },
    `${DB8_1}${DB8_2}138801bb`,
  ],
  [{ type: 'udp-port-set', ports: 443 }, PORTS_AT_72],
  [{ type: 'ipv4-udp-port-set', address: '10.0.0.2', ports: 443 }, `${ip4('0a000002')}${PORTS_AT_72}`],
  [{ type: 'ipv6-udp-port-set', address: '2001:db8::2', ports: 443 }, `${DB8_2}${PORTS_AT_72}`],
  [{ type: 'ipv4-tcp-port-set', address: '10.0.0.2', ports: 443 }, `${ip4('0a000002')}${PORTS_AT_72}`],
  [{ type: 'ipv6-tcp-port-set', address: '2001:db8::2', ports: 443 }, `${DB8_2}${PORTS_AT_72}`],
  [{ type: 'tcp-dst', port: 80 }, '0050'],
  [{ type: 'tcp-quic-flow-src-cid', port: 443, cid: 'ff' }, '01bb0100ff'],
  [
    { type: 'tcp-quic-flow-dst-cid', port: 443, offset: 0, cid: '0102030405060708090a0b0c0d0e0f1011121314' },
    '01bb14000102030405060708090a0b0c0d0e0f1011121314',
  ],
  [{ type: 'tcp-control-dst', port: 65535 }, 'ffff'],
  [{ type: 'ip-next-header', protocol: 17 }, '11'],
  [
    { type: 'inner-ipv4-dst-mask-udp', address: '10.0.0.2', mask: '255.255.255.255' },
    `${ip4('ffffffff')}${ip4('0a000002')}`,
  ],
  [
    { type: 'inner-ipv6-dst-mask-udp', address: '2001:db8::2', mask: 'ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff' },
    `${'ff'.repeat(16)}${DB8_2}`,
  ],
  [{ type: 'icmpv4-echo-reply-ip-dst', address: '10.0.0.2' }, `${zeros(16)}${ip4('0a000002')}`],
  [{ type: 'icmpv6-echo-reply-ip-dst', address: '2001:db8::2' }, `${zeros(16)}${DB8_2}`],
];

test('there are examples of all 23 matches', () => {
  expect(new Set(EXAMPLES.map(([{ type }]) => type)).size).toBe(23);
});

test.each(EXAMPLES.map(([match, pattern], number) => [match.type, number, match, pattern] as const))(
  '%s, byte for byte',
  (_, number, match, pattern) => {
    const { bytes, relocations } = windowsRules({ rules: [{ match, action: 'drop' }] });
    const hasSet = pattern.includes(PORTS_AT_72);
    // Port 443 is 0x01bb, as a number of two bytes in reverse 0xbb01: bit 1 of byte 0x1760.
    const set = hasSet ? zeros(0x1760) + '02'.padEnd(2 * (8192 - 0x1760), '0') : '';
    const pointers = hasSet ? [pattern.startsWith(PORTS_AT_72) ? 8 : 24] : [];
    const trailer = `${[...pointers, 1, pointers.length, hasSet ? 72 + 8192 : 72, 0].map(u32).join('')}58445052554c4501`;
    expect(relocations).toEqual(pointers);
    expect(hex(bytes)).toBe(ruleHex(number, pattern, 0) + set + trailer);
  },
);

test.each<readonly [Action, action: number, parameters: string]>([
  ['drop', 0, ''],
  ['pass', 1, ''],
  ['redirect', 2, u32(1)],
  [{ redirect: { socket: 'capture' } }, 2, u32(1)],
  ['l2-forward', 3, ''],
  [{ program: '/sys/fs/bpf/next' }, 4, ''],
])('the action %j, byte for byte', (action, number, parameters) => {
  const { bytes } = windowsRules({ rules: [{ match: { type: 'all' }, action }] });
  expect(hex(bytes.subarray(0, 72))).toBe(ruleHex(0, '', number, parameters));
});

test('handles are 0, and told of', () => {
  const { bytes, handles } = windowsRules({
    rules: [
      { match: { type: 'udp' }, action: 'redirect' },
      { match: { type: 'all' }, action: { redirect: { socket: 'capture' } } },
    ],
  });
  expect(handles).toEqual([
    { rule: 0, offset: 64, kind: 'socket-map', name: undefined },
    { rule: 1, offset: 136, kind: 'socket-map', name: 'capture' },
  ]);
  for (const { offset } of handles) expect(hex(bytes.subarray(offset, offset + 8))).toBe(zeros(8));
});

test('any becomes a rule for each of its matches', () => {
  const ruleSet: RuleSet = {
    rules: [
      { match: { any: [{ type: 'udp-dst', port: 53 }, { all: [{ type: 'tcp-dst', port: 53 }] }] }, action: 'drop' },
      { match: { type: 'udp-port-set', ports: ['1-65535', 0] }, action: 'pass' },
      { match: { type: 'udp-port-set', ports: '256-511' }, action: 'pass' },
    ],
  };
  const { bytes, rules, relocations } = windowsRules(ruleSet);
  expect(rules).toEqual([0, 0, 1, 2]);
  expect(relocations).toEqual([2 * 72 + 8, 3 * 72 + 8]);
  expect(hex(bytes.subarray(0, 144))).toBe(ruleHex(2, '0035', 0) + ruleHex(14, '0035', 0));
  const start = 4 * 72;
  expect(hex(bytes.subarray(start, start + 8192))).toBe('ff'.repeat(8192));
  // Ports 256 to 511 begin with the byte 1: every 256th bit from 1.
  expect(hex(bytes.subarray(start + 8192, start + 2 * 8192))).toBe(`02${zeros(31)}`.repeat(256));
});

test('rules without equivalent are named, all of them', () => {
  const ruleSet: RuleSet = {
    rules: [
      { name: 'small', match: { type: 'length', value: '0-64' }, action: 'drop' },
      { match: { not: { type: 'udp' } }, action: 'count' },
      { match: { expression: 'udp port 443' }, action: { redirect: { interface: 'eth1' } } },
      { match: { type: 'udp' }, action: { limit: { packets: 10 } } },
      { match: { type: 'all' }, action: { program: '/sys/fs/bpf/next' } },
      { match: { any: [{ type: 'udp' }, { type: 'vlan' }] }, action: 'drop' },
      { match: { type: 'udp' }, action: { steer: 'edge' } },
    ],
  };
  expect(() => windowsRules(ruleSet)).toThrow(
    expect.objectContaining({
      code: 'XDP_ERR_RULES',
      message: [
        'rule 1 "small": length 0-64 has no equivalent on Windows',
        'rule 2: the match not udp has no equivalent on Windows',
        'rule 2: count has no equivalent on Windows',
        'rule 3: the match "udp port 443" has no equivalent on Windows',
        'rule 3: the action redirect to eth1 has no equivalent on Windows',
        'rule 4: the action pass up to 10 packets a second, else drop has no equivalent on Windows',
        'rule 5: a program has to be the only rule on Windows, and match all packets',
        'rule 6: vlan has no equivalent on Windows',
        'rule 7: the action steer through edge has no equivalent on Windows',
      ].join('\n'),
    }),
  );
});

test('no rules are a trailer alone', () => {
  expect(hex(windowsRules({ rules: [] }).bytes)).toBe(`${zeros(16)}58445052554c4501`);
});
