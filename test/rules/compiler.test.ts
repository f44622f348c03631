import { describe, expect, test } from 'vitest';
import { Helper, listing, R1, R2, XdpAction } from '../../dist/ebpf/index.js';
import { type Action, compileRules, evaluateRules, type Match, type RuleSet } from '../../dist/rules/index.js';
import { InterpretedRules } from './loading-interpreter.js';
import { Random } from './random.js';
import { randomPacket } from './random-packets.js';

const bytes = (hex: string) => Uint8Array.from(Buffer.from(hex.replaceAll(' ', ''), 'hex'));

const MACS = '020000000001 020000000002';
/** IPv4 of UDP or TCP, 192.0.2.1 to 10.0.0.1. */
const ipv4 = (protocol: string, rest: string, first = '45', fragment = '0000', options = '') =>
  `${first}00 0000 0000 ${fragment} 40 ${protocol} 0000 c0000201 0a000001 ${options} ${rest}`;
const ipv6 = (next: string, rest: string) =>
  `60000000 0000 ${next} 40 20010db8000000000000000000000001 20010db8000000000000000000000002 ${rest}`;
const UDP_42 = '1388 002a 0000 0000 0102030405060708';
const TCP_42 = '1388 002a 00000000 00000000 50 02 0000 0000 0000';

const PACKETS = {
  plain: `${MACS} 0800 ${ipv4('11', UDP_42)}`,
  tagged: `${MACS} 8100 0064 0800 ${ipv4('11', UDP_42)}`,
  twiceTagged: `${MACS} 88a8 0064 8100 0065 0800 ${ipv4('11', UDP_42)}`,
  options: `${MACS} 0800 ${ipv4('11', UDP_42, '46', '0000', '01010101')}`,
  firstFragment: `${MACS} 0800 ${ipv4('11', UDP_42, '45', '2000')}`,
  ipv6: `${MACS} 86dd ${ipv6('11', UDP_42)}`,
  hopByHop: `${MACS} 86dd ${ipv6('00', `1100 000000000000 ${UDP_42}`)}`,
  authenticated: `${MACS} 8100 0001 86dd ${ipv6('33', `1102 ${'00'.repeat(14)} ${UDP_42}`)}`,
  sixExtensions: `${MACS} 86dd ${ipv6('00', `${'3c00000000000000'.repeat(5)} 1100000000000000 ${UDP_42}`)}`,
  firstFragment6: `${MACS} 86dd ${ipv6('2c', `1100 0001 00000000 ${UDP_42}`)}`,
} as const;

const OTHERS = {
  tcp: `${MACS} 0800 ${ipv4('06', TCP_42)}`,
  laterFragment: `${MACS} 0800 ${ipv4('11', UDP_42, '45', '0001')}`,
  laterFragment6: `${MACS} 86dd ${ipv6('2c', `1100 0008 00000000 ${UDP_42}`)}`,
  sevenExtensions: `${MACS} 86dd ${ipv6('00', `${'3c00000000000000'.repeat(6)} 1100000000000000 ${UDP_42}`)}`,
  threeTags: `${MACS} 8100 0001 8100 0001 8100 0001 0800 ${ipv4('11', UDP_42)}`,
  cutOff: `${MACS} 0800 ${ipv4('11', '1388 002a 0000 00')}`,
  version5: `${MACS} 0800 ${ipv4('11', UDP_42, '55')}`,
  arp: `${MACS} 0806 0001 0800 0604 0001`,
} as const;

const all = (action: Action): RuleSet => ({ rules: [{ match: { type: 'all' }, action }] });
const one = (match: Match, action: Action = 'drop'): RuleSet => ({ rules: [{ match, action }] });
const run = (ruleSet: RuleSet, packet: string, options: { sockets?: boolean } = {}) =>
  new InterpretedRules(compileRules(ruleSet), options).run(bytes(packet));

describe('"drop all packets with a UDP header and destination port 42"', () => {
  const fortyTwo = one({ type: 'udp-dst', port: 42 });

  test.each(Object.entries(PACKETS))('drops: %s', (_name, packet) => {
    expect(run(fortyTwo, packet).action).toBe(XdpAction.drop);
  });

  test.each(Object.entries(OTHERS))('passes: %s', (_name, packet) => {
    expect(run(fortyTwo, packet).action).toBe(XdpAction.pass);
  });

  test('looks at no more than it needs', () => {
    const rules = new InterpretedRules(compileRules(fortyTwo));
    expect(rules.run(bytes(PACKETS.plain)).action).toBe(XdpAction.drop);
    const { program } = compileRules(fortyTwo);
    const text = listing(program);
    expect(text).toContain('; IPv4, no tag, no options');
    expect(text).not.toContain('*(u8 *)(r10 - 24)');
    expect(rules.counters(1)).toEqual([1, bytes(PACKETS.plain).length, 0, 0]);
  });
});

test('every packet cut off at every length is what the model says', () => {
  const match: Match = {
    any: [
      { type: 'udp-dst', port: 42 },
      { type: 'quic', form: 'short' },
      { type: 'vlan', id: '100-200' },
      { type: 'fragment' },
      { type: 'src-prefix', prefix: ['192.0.2.0/24', '2001:db8::1/128'] },
      { type: 'ip-protocol', protocol: [58, 59] },
    ],
  };
  for (const compact of [false, true]) {
    const ruleSet: RuleSet = {
      rules: [
        { match, action: 'l2-forward' },
        { match: { not: match }, action: 'count' },
      ],
    };
    const rules = new InterpretedRules(compileRules(ruleSet, { compact }));
    for (const packet of Object.values({ ...PACKETS, ...OTHERS }).map(bytes)) {
      for (let length = 14; length <= packet.length; length++) {
        const frame = packet.subarray(0, length);
        const { verdict, frame: after } = evaluateRules(ruleSet, frame);
        const result = rules.run(frame);
        expect(result.action).toBe(verdict === 'l2-forward' ? XdpAction.tx : XdpAction.pass);
        expect(result.packet).toEqual(after);
      }
    }
  }
});

describe('actions', () => {
  test.each([
    ['drop', XdpAction.drop],
    ['pass', XdpAction.pass],
    ['count', XdpAction.pass],
    ['l2-forward', XdpAction.tx],
    [{ program: '/sys/fs/bpf/next' }, XdpAction.pass],
    [{ steer: 'edge' }, XdpAction.pass],
  ] as const)('%j', (action, verdict) => {
    expect(run(all(action), PACKETS.plain).action).toBe(verdict);
  });

  test('l2-forward swaps the addresses', () => {
    const { packet } = run(all('l2-forward'), PACKETS.plain);
    expect(Buffer.from(packet.subarray(0, 14)).toString('hex')).toBe('0200000000020200000000010800');
  });

  test.each([
    ['redirect', 'sockets 0'],
    [{ redirect: { socket: 'capture' } }, 'sockets_0 0'],
    [{ redirect: { interface: 'eth1' } }, 'interfaces 0'],
  ] as const)('%j goes where its map says, and passes where that says nothing', (action, target) => {
    expect(run(all(action), PACKETS.plain)).toMatchObject({ action: XdpAction.pass });
    expect(run(all(action), PACKETS.plain, { sockets: true })).toMatchObject({ action: XdpAction.redirect, target });
  });

  test('what the loader has to fill in is named', () => {
    const compiled = compileRules({
      rules: [
        { match: { type: 'udp' }, action: 'redirect' },
        { match: { type: 'udp' }, action: { redirect: { socket: 'a' } } },
        { match: { type: 'udp' }, action: { redirect: { socket: 'a' } } },
        { match: { type: 'udp' }, action: { redirect: { interface: 'eth1' } } },
        { match: { type: 'udp' }, action: { steer: 'edge' } },
        { match: { type: 'tcp-dst', port: 1 }, action: { steer: 'edge' } },
        { match: { type: 'all' }, action: { limit: { packets: 1, over: { program: '/sys/fs/bpf/a' } } } },
      ],
    });
    expect(compiled.sockets).toEqual([
      { map: 'sockets', name: undefined },
      { map: 'sockets_1', name: 'a' },
    ]);
    expect(compiled.interfaces).toEqual([{ map: 'interfaces', key: 0, name: 'eth1' }]);
    expect(compiled.steerings).toEqual([{ map: 'programs', key: 0, name: 'edge' }]);
    expect(compiled.programs).toEqual([{ map: 'programs', key: 1, path: '/sys/fs/bpf/a' }]);
    for (const { name } of compiled.maps) expect(name.length).toBeLessThanOrEqual(15);
  });

  test('a limit lets a burst through, and then the rate', () => {
    const rules = new InterpretedRules(
      compileRules(all({ limit: { packets: 1000, burst: 3, within: 'drop', over: 'pass' } })),
    );
    rules.now = 5_000_000_000n;
    const verdicts = () => Array.from({ length: 5 }, () => rules.run(bytes(PACKETS.plain)).action);
    expect(verdicts()).toEqual([1, 1, 1, 2, 2]);
    rules.now += 2_000_000n;
    expect(verdicts()).toEqual([1, 1, 2, 2, 2]);
    expect(rules.counters(1)).toEqual([10, 500, 5, 250]);
  });
});

describe('sets', () => {
  const ports = (count: number) => Array.from({ length: count }, (_, i) => 2 * i + 1);
  const size = (count: number) =>
    compileRules(one({ type: 'udp-port-set', ports: ports(count) })).program.instructions.length;

  test('a set of ports costs the same however large it is', () => {
    expect(size(30_000)).toBe(size(100));
    const { maps } = compileRules(one({ type: 'udp-port-set', ports: ports(30_000) }));
    expect(maps.map(({ name, valueSize }) => [name, valueSize])).toEqual([
      ['counters', 32],
      ['bitmaps1', 8192],
    ]);
  });

  test('prefixes of several lists share a trie', () => {
    const prefix = (net: number) => Array.from({ length: 50 }, (_, i) => `10.${net}.${i}.0/24`);
    const rules = [1, 2, 3].map(
      (net) => ({ match: { type: 'src-prefix', prefix: prefix(net) }, action: 'drop' }) as const,
    );
    const { maps } = compileRules({ rules });
    expect(maps.find(({ name }) => name === 'prefixes4')).toMatchObject({
      kind: 'lpmTrie',
      keySize: 12,
      maxEntries: 150,
    });
  });

  test('a run of rules over one port is searched', () => {
    const rules = Array.from(
      { length: 200 },
      (_, i) => ({ match: { type: 'udp-dst', port: 1000 + i }, action: 'drop' }) as const,
    );
    const compiled = compileRules({ rules });
    const interpreted = new InterpretedRules(compiled);
    expect(interpreted.run(bytes(PACKETS.plain.replace('1388 002a', '1388 0463'))).action).toBe(XdpAction.drop);
    expect(interpreted.counters(200)[4 * 123]).toBe(1);
    expect(compiled.blocks.filter(({ rule }) => rule === 123)).toHaveLength(1);
  });
});

test('of several conditions those that look into maps come last', () => {
  const sources = Array.from({ length: 50 }, (_, i) => `10.0.${i}.0/24`);
  const lookUp: Match = { type: 'src-prefix', prefix: sources };
  const port: Match = { type: 'tcp-dst', port: 22 };
  const [first, last] = [{ all: [lookUp, port] }, { all: [port, lookUp] }].map((match) => compileRules(one(match)));
  expect(listing(first!.program)).toBe(listing(last!.program));
});

describe('expressions', () => {
  const expression = one({ expression: 'udp' });

  test('are refused without somebody who compiles them', () => {
    expect(() => compileRules(expression)).toThrow(expect.objectContaining({ code: 'XDP_ERR_USAGE' }));
  });

  test('stand where they are said to', () => {
    const compiled = compileRules(
      { rules: [{ match: { not: { expression: 'length' } }, action: 'drop' }] },
      {
        emitExpression: (a, text, { start, end, yes, no }) => {
          expect(text).toBe('length');
          a.mov(R1, start).alu('+', R1, 60).mov(R2, end).jump('<=', R1, R2, yes).goto(no);
        },
      },
    );
    const rules = new InterpretedRules(compiled);
    expect(rules.run(bytes(OTHERS.arp)).action).toBe(XdpAction.drop);
    expect(rules.run(new Uint8Array(60)).action).toBe(XdpAction.pass);
  });
});

test('a very large set is divided into functions, and does the same', () => {
  const random = new Random(5);
  const rules = Array.from({ length: 1000 }, (_, i) => ({
    match: {
      any: Array.from(
        { length: 16 },
        (_, k): Match => ({ type: 'bytes', offset: k, value: random.u32().toString(16).padStart(8, '0') }),
      ),
    },
    action: i % 2 === 0 ? ('count' as const) : ('drop' as const),
  }));
  const ruleSet: RuleSet = { rules: [...rules, { match: { type: 'udp-dst', port: 42 }, action: 'drop' }] };
  const compiled = compileRules(ruleSet);
  expect(compiled.types).toBeDefined();
  const interpreted = new InterpretedRules(compiled);
  for (let i = 0; i < 10; i++) {
    const packet = randomPacket(random);
    const { verdict } = evaluateRules(ruleSet, packet);
    expect(interpreted.run(packet).action).toBe(verdict === 'drop' ? XdpAction.drop : XdpAction.pass);
  }
  expect(interpreted.run(bytes(PACKETS.plain)).action).toBe(XdpAction.drop);
});

test('the helpers are those that Linux 5.15 has', () => {
  const { program } = compileRules({
    rules: [
      { match: { type: 'udp' }, action: { limit: { packets: 5, perSource: {}, over: 'count' } } },
      { match: { type: 'all' }, action: 'redirect' },
    ],
  });
  const calls = program.instructions
    .filter(({ opcode, src }) => opcode === 0x85 && src === 0)
    .map((call) => call.immediate);
  const known: readonly number[] = [Helper.mapLookupElem, Helper.mapUpdateElem, Helper.ktimeGetNs, Helper.redirectMap];
  expect(calls.filter((helper) => !known.includes(helper))).toEqual([]);
});
