import { expect, test } from 'vitest';
import { type CompileOptions, compileRules, type RuleSet } from '../../dist/rules/index.js';
import { firstDifference } from './differential.js';
import { LoadedRules } from './loading-kernel.js';
import { Random } from './random.js';
import { randomPacket } from './random-packets.js';
import { randomRules } from './random-rules.js';

const SETS = Number(process.env['XDPKIT_CASES'] ?? (process.env['XDPKIT_LONG'] ? 2000 : 60));
const PACKETS = 100;
const SEED = Number(process.env['XDPKIT_SEED'] ?? 1);

/** The kernel's clock is its own, so that limits are left out here. */
const withoutLimits = (ruleSet: RuleSet): RuleSet => ({
  rules: ruleSet.rules.map((rule) =>
    typeof rule.action === 'object' && 'limit' in rule.action ? { ...rule, action: 'count' } : rule,
  ),
});

function compare(ruleSet: RuleSet, random: Random, options: CompileOptions): string | undefined {
  const compiled = compileRules(ruleSet, options);
  using rules = new LoadedRules(compiled);
  const packets = Array.from({ length: PACKETS }, () => randomPacket(random));
  return firstDifference(ruleSet, compiled, rules, packets, () => ({}));
}

test.each([false, true, 'tables'] as const)(
  'the kernel does what the model says (one list for all classes: %s)',
  { timeout: 3_600_000 },
  (compact) => {
    for (let set = 0; set < SETS; set++) {
      const random = new Random(SEED * 1_000_003 + set);
      const ruleSet = withoutLimits(randomRules(random, set % 10 === 0 ? 30 : 6));
      expect(compare(ruleSet, random, { compact }), `seed ${SEED}, set ${set}`).toBeUndefined();
    }
  },
);

test('programs with limits load', { timeout: 3_600_000 }, () => {
  for (let set = 0; set < SETS / 4; set++) {
    const random = new Random(SEED * 2_000_003 + set);
    for (const compact of [false, true, 'tables'] as const)
      new LoadedRules(compileRules(randomRules(random, 10), { compact }))[Symbol.dispose]();
  }
});

const lengths = Array.from({ length: 20 }, (_, i) => 60 + 3 * i);

test.each<[string, RuleSet]>([
  ['a bitmap of frame lengths', { rules: [{ match: { type: 'length', value: lengths }, action: 'drop' }] }],
  [
    'a run of rules that has all numbers',
    {
      rules: ['0-9', '10-19', '20-29', '30-63'].map((value) => ({ match: { type: 'dscp', value }, action: 'drop' })),
    },
  ],
  [
    'alternatives that have all numbers together',
    { rules: [{ match: { any: ['0-127', '100-255'].map((value) => ({ type: 'ttl', value })) }, action: 'drop' }] },
  ],
  ['all protocols', { rules: [{ match: { type: 'ip-protocol', protocol: '0-255' }, action: 'drop' }] }],
  [
    'a limit that no packet comes to',
    {
      rules: [
        { match: { type: 'all' }, action: 'drop' },
        { match: { type: 'udp' }, action: { limit: { packets: 1 } } },
      ],
    },
  ],
])('what the verifier once refused loads: %s', (_name, ruleSet) => {
  for (const compact of [false, true, 'tables'] as const)
    new LoadedRules(compileRules(ruleSet, { compact }))[Symbol.dispose]();
});

test('limits, overall and for each source', () => {
  const frame = (source: number) =>
    Uint8Array.from(
      Buffer.from(
        `${'02'.repeat(12)}0800450000000000000040110000c00002${source.toString(16).padStart(2, '0')}0a00000113880035${'00'.repeat(12)}`,
        'hex',
      ),
    );
  for (const compact of [false, true]) {
    const limit = (perSource: boolean): RuleSet => ({
      rules: [
        {
          match: { type: 'udp' },
          action: { limit: { packets: 1, burst: 2, ...(perSource ? { perSource: { ipv4: 31 } } : {}) } },
        },
      ],
    });
    using overall = new LoadedRules(compileRules(limit(false), { compact }));
    expect([2, 3, 4, 5].map((source) => overall.run(frame(source)).action)).toEqual([2, 2, 1, 1]);
    expect(overall.counters(1)).toEqual([4, 200, 2, 100]);
    using sources = new LoadedRules(compileRules(limit(true), { compact }));
    expect([2, 3, 2, 4, 5, 4].map((source) => sources.run(frame(source)).action)).toEqual([2, 2, 1, 2, 2, 1]);
  }
});
