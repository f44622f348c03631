import { expect, test } from 'vitest';
import { type CompileOptions, compileRules, LimitState, type RuleSet } from '../../dist/rules/index.js';
import { firstDifference } from './differential.js';
import { InterpretedRules } from './loading-interpreter.js';
import { Random } from './random.js';
import { randomPacket } from './random-packets.js';
import { randomRules } from './random-rules.js';

const SETS = Number(process.env['XDPKIT_CASES'] ?? (process.env['XDPKIT_LONG'] ? 20_000 : 150));
const PACKETS = 40;
const SEED = Number(process.env['XDPKIT_SEED'] ?? 1);

/** Runs packets through the interpreter and the model. @returns what differs first */
function compare(
  ruleSet: RuleSet,
  random: Random,
  options: CompileOptions,
  draw: (random: Random) => Uint8Array = randomPacket,
): string | undefined {
  const compiled = compileRules(ruleSet, options);
  const sockets = random.chance(0.5);
  const rules = new InterpretedRules(compiled, { sockets });
  const limits = new LimitState();
  rules.now = BigInt(random.between(1, 1_000_000_000));
  function* packets() {
    for (let i = 0; i < PACKETS; i++) {
      const packet = draw(random);
      rules.now += BigInt(random.pick([0, 0, 1, 1000, 500_000_000]));
      yield packet;
    }
  }
  return firstDifference(ruleSet, compiled, rules, packets(), () => ({ now: rules.now, limits, sockets }));
}

test.each([false, true, 'tables'] as const)(
  'compiled rules do what the model says (one list for all classes: %s)',
  { timeout: 3_600_000 },
  (compact) => {
    for (let set = 0; set < SETS; set++) {
      const random = new Random(SEED * 1_000_003 + set);
      const ruleSet = randomRules(random, set % 10 === 0 ? 30 : 6);
      expect(compare(ruleSet, random, { compact }), `seed ${SEED}, set ${set}`).toBeUndefined();
    }
  },
);

// The kernel's test runs refuse them (bpf_test_init in net/bpf/test_run.c): the interpreter runs them all the same.
test('frames that are shorter than an Ethernet header', { timeout: 3_600_000 }, () => {
  const short = (random: Random) => random.bytes(random.below(14));
  for (let set = 0; set < SETS; set++) {
    const random = new Random(SEED * 3_000_017 + set);
    const ruleSet = randomRules(random, 6);
    const compact = random.pick([false, true, 'tables'] as const);
    expect(compare(ruleSet, random, { compact }, short), `seed ${SEED}, set ${set}`).toBeUndefined();
  }
});
