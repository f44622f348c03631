import { expect, test } from 'vitest';
import { compileRules, type RuleSet } from '../../dist/rules/index.js';
import { addCounts, difference, expectedOf } from './differential.js';
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

function compare(ruleSet: RuleSet, random: Random, options: { compact: boolean }): string | undefined {
  const compiled = compileRules(ruleSet, options);
  using rules = new LoadedRules(compiled);
  const counters = new Array<number>(4 * ruleSet.rules.length).fill(0);
  for (let i = 0; i < PACKETS; i++) {
    const packet = randomPacket(random);
    const expected = expectedOf(ruleSet, compiled, packet, {});
    addCounts(counters, expected.evaluation);
    const wrong = difference(expected, rules.run(packet));
    if (wrong !== undefined) {
      return `${wrong}: ${Buffer.from(packet).toString('hex')} by rule ${expected.evaluation.rule} of ${JSON.stringify(ruleSet)}`;
    }
  }
  expect(rules.counters(ruleSet.rules.length)).toEqual(counters);
  return undefined;
}

test.each([false, true])(
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

test('programs with limits load', () => {
  for (let set = 0; set < SETS / 4; set++) {
    const random = new Random(SEED * 2_000_003 + set);
    for (const compact of [false, true])
      new LoadedRules(compileRules(randomRules(random, 10), { compact }))[Symbol.dispose]();
  }
});
