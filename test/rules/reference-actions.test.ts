import { describe, expect, test } from 'vitest';
import {
  type Action,
  evaluateRules,
  explainRules,
  explanationText,
  type Limit,
  LimitState,
  type Rule,
  type RuleSet,
  validateRules,
} from '../../dist/rules/index.js';
import { arp, cut, over4, over6, tcp, udp } from './reference-frames.js';

const frame = over4(udp(5000, 42));
const set = (...rules: Rule[]): RuleSet => validateRules({ rules });
const on = (action: Action): Rule => ({ match: { type: 'udp-dst', port: 42 }, action });

describe('what becomes of a packet', () => {
  test.each<[Action, unknown]>([
    ['drop', 'drop'],
    ['pass', 'pass'],
    ['redirect', 'redirect'],
    [{ redirect: { socket: 'a' } }, { redirect: { socket: 'a' } }],
    [{ redirect: { interface: 'eth1' } }, { redirect: { interface: 'eth1' } }],
    [{ program: '/sys/fs/bpf/x' }, { program: '/sys/fs/bpf/x' }],
    [{ steer: 'edge' }, { steer: 'edge' }],
  ])('%j', (action, verdict) => {
    expect(evaluateRules(set(on(action)), frame)).toEqual({
      rule: 0,
      verdict,
      frame,
      counts: [{ rule: 0, bytes: 42, isOver: false }],
    });
  });

  test('l2-forward swaps the addresses, and nothing else', () => {
    const before = frame.slice();
    const { verdict, frame: after } = evaluateRules(set(on('l2-forward')), frame);
    expect(verdict).toBe('l2-forward');
    expect(after.subarray(0, 12)).toEqual(Uint8Array.of(2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2));
    expect(after.subarray(12)).toEqual(frame.subarray(12));
    expect(frame).toEqual(before);
    const all = set({ match: { type: 'all' }, action: 'l2-forward' });
    expect(evaluateRules(all, cut(frame, 13))).toMatchObject({ rule: 0, verdict: 'pass', frame: cut(frame, 13) });
  });

  test('the first match decides; counting goes on; nothing matched passes', () => {
    const rules = set(
      on('count'),
      { match: { type: 'tcp-dst', port: 42 }, action: 'drop' },
      on('count'),
      on('drop'),
      on('pass'),
    );
    expect(evaluateRules(rules, frame)).toMatchObject({
      rule: 3,
      verdict: 'drop',
      counts: [0, 2, 3].map((rule) => ({ rule, bytes: 42, isOver: false })),
    });
    expect(evaluateRules(rules, arp)).toMatchObject({ rule: undefined, verdict: 'pass', counts: [] });
    expect(evaluateRules(set(), frame)).toMatchObject({ rule: undefined, verdict: 'pass', counts: [] });
  });

  test('a frame within other bytes ends where it ends', () => {
    const bytes = new Uint8Array(100).fill(0xff);
    bytes.set(frame, 10);
    expect(evaluateRules(set(on('drop')), bytes, { offset: 10, length: 42 })).toMatchObject({ verdict: 'drop', frame });
    expect(evaluateRules(set(on('drop')), bytes, { offset: 10, length: 41 })).toMatchObject({ verdict: 'pass' });
    expect(evaluateRules(set(on('drop')), bytes, { offset: 10 }).frame).toHaveLength(90);
  });

  test('expressions are asked of whoever reads them', () => {
    const rules = set({ match: { not: { expression: 'udp' } }, action: 'drop' });
    expect(
      evaluateRules(rules, frame, { expression: (text, bytes) => text === 'udp' && bytes.length === 42 }).verdict,
    ).toBe('pass');
    expect(evaluateRules(rules, frame, { expression: () => false }).verdict).toBe('drop');
    expect(() => evaluateRules(rules, frame)).toThrow('nothing was given to read them');
  });
});

describe('limits', () => {
  const second = 1_000_000_000n;
  /** The verdicts of frames at these times. */
  function run(limit: Limit, packets: [now: bigint, frame?: Uint8Array][]): string[] {
    const rules = set({ match: { type: 'all' }, action: { limit } });
    const limits = new LimitState();
    return packets.map(([now, bytes = frame]) => evaluateRules(rules, bytes, { now, limits }).verdict as string);
  }
  const times = (n: number, now: bigint): [bigint][] => Array.from({ length: n }, () => [now]);

  test('a burst, and then the rate', () => {
    const verdicts = run({ packets: 10, burst: 3 }, [
      ...times(5, 5n * second),
      ...times(3, 5n * second + second / 10n),
      ...times(5, 6n * second),
    ]);
    expect(verdicts.join(' ')).toBe('pass pass pass drop drop pass drop drop pass pass pass drop drop');
  });

  test('at the very nanosecond', () => {
    const start = 7n * second;
    const limit = { packets: 10, burst: 1 };
    expect(run(limit, [[start], [start + second / 10n - 1n], [start + second / 10n]])).toEqual([
      'pass',
      'drop',
      'pass',
    ]);
  });

  test('a sixteenth of a nanosecond is rounded down for each packet', () => {
    // 16e9 / 3e7 is 533.3: 533 ticks a packet, 33.3125 ns. A burst of 1 is as many.
    const limit = { packets: 30_000_000, burst: 1 };
    expect(run(limit, [[1000n], [1033n], [1034n], [1067n], [1068n]])).toEqual(['pass', 'drop', 'pass', 'drop', 'pass']);
  });

  test('a default burst is one second', () => {
    expect(run({ packets: 4 }, times(6, 0n))).toEqual(['pass', 'pass', 'pass', 'pass', 'drop', 'drop']);
  });

  test('bytes; a frame longer than the burst never', () => {
    const long = over4(udp(1, 2), {}, { payload: new Uint8Array(100) });
    expect(long).toHaveLength(142);
    const limit = { bytes: 100, burst: 100 };
    expect(run(limit, [[0n], [0n], [0n], [0n, long], [100n * second, long], [100n * second]])).toEqual([
      'pass',
      'pass',
      'drop',
      'drop',
      'drop',
      'pass',
    ]);
  });

  test('a clock that goes back gives nothing', () => {
    expect(run({ packets: 1, burst: 1 }, [[10n * second], [5n * second], [10n * second], [11n * second]])).toEqual([
      'pass',
      'drop',
      'drop',
      'pass',
    ]);
  });

  test('per source prefix; what is not IP shares a bucket', () => {
    const from = (source: string) => over4(udp(1, 2), { source });
    const limit: Limit = { packets: 1, perSource: { ipv4: 24 } };
    const frames = [
      from('10.0.0.1'),
      from('10.0.0.9'),
      from('10.0.1.1'),
      arp,
      arp,
      over6(udp(1, 2)),
      over6(udp(1, 2), { source: '2001:db8::ffff' }),
      over6(udp(1, 2), { source: '2001:db8:0:1::1' }),
    ];
    expect(
      run(
        limit,
        frames.map((one) => [0n, one]),
      ).join(' '),
    ).toBe('pass drop pass pass drop pass drop pass');
  });

  test('each rule has its own bucket, and only a packet that comes to it pays', () => {
    const limited = (over: Limit['over']): Action => ({
      limit: { packets: 1, within: 'count', ...(over ? { over } : {}) },
    });
    const rules = set(on(limited('count')), on(limited('redirect')), on('drop'));
    const limits = new LimitState();
    const next = () => {
      const { verdict, counts } = evaluateRules(rules, frame, { limits, now: 0n });
      return [verdict, ...counts.map(({ rule, isOver }) => `${rule}${isOver ? ' over' : ''}`)];
    };
    expect(next()).toEqual(['drop', '0', '1', '2']);
    expect(next()).toEqual(['redirect', '0 over', '1 over']);
    expect(evaluateRules(rules, frame, { now: 0n }).verdict).toBe('drop');
  });
});

test('an explanation names the rule that decided, and why those before it did not', () => {
  const rules = set(
    { name: 'web', match: { type: 'tcp-dst', port: 443 }, action: 'pass' },
    { match: { type: 'udp' }, action: 'count' },
    { name: 'no-42', match: { type: 'udp-dst', port: 42 }, action: 'drop' },
    { match: { type: 'all' }, action: { limit: { packets: 1, within: { redirect: { interface: 'eth1' } } } } },
  );
  const explain = (bytes: Uint8Array) => explanationText(explainRules(rules, bytes)).split('\n');
  expect(explain(frame)).toEqual([
    'drop by rule 3 "no-42" (udp-dst 42)',
    '  rule 1 "web" (tcp-dst 443): protocol is UDP (17), not TCP (6)',
    '  rule 2 (udp): matched, counted',
  ]);
  expect(explain(over4(tcp(1, 443)))).toEqual(['pass by rule 1 "web" (tcp-dst 443)']);
  const steered = set({ name: 'quic', match: { type: 'udp-dst', port: 42 }, action: { steer: 'edge' } });
  expect(explainRules(steered, frame).summary).toBe('steer through edge by rule 1 "quic" (udp-dst 42)');
  expect(explain(arp)[0]).toBe('redirect to eth1 by rule 4 (all), within its limit');
  expect(explanationText(explainRules(set(on('drop')), arp))).toBe(
    'pass: no rule decides\n  rule 1 (udp-dst 42): EtherType is ARP (0x0806), not IP',
  );
});

test('a swap of addresses does not change what is explained', () => {
  const rules = set({ match: { type: 'dst-mac', mac: '02:00:00:00:00:09' }, action: 'drop' }, on('l2-forward'));
  expect(explainRules(rules, frame).steps[0]?.reason).toBe(
    'destination MAC is 02:00:00:00:00:02, not 02:00:00:00:00:09',
  );
});
