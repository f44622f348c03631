import {
  type Action,
  type CompiledRules,
  compileRuleSet,
  expressionTest,
  LimitState,
  type Match,
  type Rule,
  type RuleSet,
} from '../../dist/rules/index.js';
import { addCounts, difference, expectedOf } from './differential.js';
import { InterpretedRules } from './loading-interpreter.js';
import { LoadedRules } from './loading-kernel.js';
import { Random } from './random.js';
import { randomExpression } from './random-expressions.js';
import { randomPacket } from './random-packets.js';
import { randomRules } from './random-rules.js';

/** A rule set, and packets for it, which follow from a seed. */
export interface FuzzSet {
  readonly ruleSet: RuleSet;
  /** One list of rules for all classes of packets, as very large sets have it. */
  readonly compact: boolean | 'tables';
  /** Whether there is a socket, an interface, a program where rules send packets. */
  readonly sockets: boolean;
  readonly packets: readonly Uint8Array[];
}

/** Where the three don't agree. */
export interface Disagreement {
  /** Index of the packet; undefined when the set as a whole is at fault. */
  readonly packet: number | undefined;
  readonly says: string;
}

/** Nanoseconds: any time. The kernel has its own clock, but limits of {@link untimed} don't see it go on. */
const NOW = 1_000_000_000_000n;

export function fuzzSet(seed: number, index: number, packets: number): FuzzSet {
  const random = new Random(Math.imul(seed, 1_000_003) + index);
  const most = index % 50 === 49 ? 80 : index % 10 === 9 ? 30 : 7;
  const drawn = randomRules(random, most);
  const rules = drawn.rules.map((rule): Rule => {
    const match = random.chance(0.15) ? withExpression(random, rule.match) : rule.match;
    return { ...rule, match, action: untimed(random, rule.action) };
  });
  const compact = random.chance(0.3) && (index % 2 === 0 || 'tables');
  const sockets = random.chance(0.5);
  return { ruleSet: { rules }, compact, sockets, packets: Array.from({ length: packets }, () => randomPacket(random)) };
}

function withExpression(random: Random, match: Match): Match {
  const expression = { expression: randomExpression(random) };
  return random.pick<Match>([
    expression,
    { not: expression },
    { any: [match, expression] },
    { all: [expression, match] },
  ]);
}

/** A limit that lets some packets through and then none for as long as a set takes, or all: a second is a packet, or a byte. */
function untimed(random: Random, action: Action): Action {
  if (typeof action === 'string' || !('limit' in action)) return action;
  const { packets: _, bytes: _bytes, burst: _burst, ...rest } = action.limit;
  const unit = random.chance(0.5)
    ? { packets: 1, burst: random.pick([1, 2, 5, 20, 86_400]) }
    : { bytes: 1, burst: random.pick([1, 60, 300, 2000, 86_400]) };
  return { limit: { ...unit, ...rest } };
}

/**
 * Judges the packets by the reference, the interpreter and the kernel, one after the other: verdict, bytes and counters.
 *
 * @param each compares the interpreter's counters after each packet, instead of all in the end
 */
export function disagreement({ ruleSet, compact, sockets, packets }: FuzzSet, each = false): Disagreement | undefined {
  const count = ruleSet.rules.length;
  let compiled: CompiledRules;
  let kernel: LoadedRules;
  try {
    compiled = compileRuleSet(ruleSet, { compact });
    kernel = new LoadedRules(compiled, { sockets });
  } catch (error) {
    return { packet: undefined, says: `it can't be loaded: ${(error as Error).message}` };
  }
  using loaded = kernel;
  const interpreted = new InterpretedRules(compiled, { sockets });
  interpreted.now = NOW;
  const limits = new LimitState();
  const expression = expressionTest();
  const counters = new Array<number>(4 * count).fill(0);
  const differ = (who: string, got: readonly number[]) => (`${got}` === `${counters}` ? undefined : `${who}: counters`);
  for (const [i, packet] of packets.entries()) {
    const expected = expectedOf(ruleSet, compiled, packet, { now: NOW, limits, sockets, expression });
    addCounts(counters, expected.evaluation);
    const inInterpreter = difference(expected, interpreted.run(packet));
    if (inInterpreter !== undefined) return { packet: i, says: `interpreter: ${inInterpreter}` };
    const inKernel = difference({ ...expected, target: undefined }, loaded.run(packet));
    if (inKernel !== undefined) return { packet: i, says: `kernel: ${inKernel}` };
    if (!each && i < packets.length - 1) continue;
    const says = differ('interpreter', interpreted.counters(count)) ?? differ('kernel', loaded.counters(count));
    if (says !== undefined) return { packet: each ? i : undefined, says };
  }
  return undefined;
}
