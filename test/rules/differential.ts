import { XdpAction } from '../../dist/ebpf/index.js';
import {
  type CompiledRules,
  type EvaluateOptions,
  type Evaluation,
  evaluateRules,
  type RuleSet,
} from '../../dist/rules/index.js';
import type { RunOfRules } from './loading-interpreter.js';

/** What the model says of a packet, in the words of a program. */
export interface Expected extends RunOfRules {
  readonly evaluation: Evaluation;
}

export function expectedOf(
  ruleSet: RuleSet,
  compiled: CompiledRules,
  packet: Uint8Array,
  options: EvaluateOptions & { readonly sockets?: boolean },
): Expected {
  const { sockets = false, ...rest } = options;
  const evaluation = evaluateRules(ruleSet, packet, rest);
  const [action, target] = verdictOf(evaluation, compiled, sockets);
  return { evaluation, action, target, packet: evaluation.frame };
}

function verdictOf({ verdict }: Evaluation, compiled: CompiledRules, sockets: boolean): [number, string | undefined] {
  if (verdict === 'drop') return [XdpAction.drop, undefined];
  if (verdict === 'l2-forward') return [XdpAction.tx, undefined];
  if (verdict === 'pass' || !sockets) return [XdpAction.pass, undefined];
  if (typeof verdict === 'object' && !('redirect' in verdict)) return [XdpAction.aborted, undefined];
  return [XdpAction.redirect, targetOf(verdict, compiled)];
}

function targetOf(verdict: Evaluation['verdict'], { sockets, interfaces }: CompiledRules): string {
  if (verdict === 'redirect') return `${sockets.find(({ name }) => name === undefined)!.map} 0`;
  const { redirect } = verdict as { redirect: { socket: string } | { interface: string } };
  if ('socket' in redirect) return `${sockets.find(({ name }) => name === redirect.socket)!.map} 0`;
  const { map, key } = interfaces.find(({ name }) => name === redirect.interface)!;
  return `${map} ${key}`;
}

/** Adds what a packet counts to the counters of all rules. */
export function addCounts(counters: number[], { counts }: Evaluation): void {
  for (const { rule, bytes, isOver } of counts) {
    counters[4 * rule]! += 1;
    counters[4 * rule + 1]! += bytes;
    if (isOver) {
      counters[4 * rule + 2]! += 1;
      counters[4 * rule + 3]! += bytes;
    }
  }
}

/** What differs, in words for a message; undefined when nothing does. */
export function difference(expected: RunOfRules, got: RunOfRules): string | undefined {
  if (expected.action !== got.action) return `verdict ${got.action}, not ${expected.action}`;
  if (expected.target !== got.target) return `to ${got.target}, not ${expected.target}`;
  if (Buffer.compare(expected.packet, got.packet) !== 0)
    return `the packet became ${Buffer.from(got.packet).toString('hex')}`;
  return undefined;
}

/** A compiled rule set that can judge packets: in the interpreter, or in the kernel. */
export interface Judge {
  run(packet: Uint8Array): RunOfRules;
  counters(rules: number): number[];
}

/**
 * Packets, one after the other, by the program and by the model; in the end the counters as well.
 *
 * @param circumstances asked before each packet, for its model
 * @returns what differs first, in words; undefined when nothing does
 */
export function firstDifference(
  ruleSet: RuleSet,
  compiled: CompiledRules,
  judge: Judge,
  packets: Iterable<Uint8Array>,
  circumstances: () => Parameters<typeof expectedOf>[3],
): string | undefined {
  const counters = new Array<number>(4 * ruleSet.rules.length).fill(0);
  for (const packet of packets) {
    const expected = expectedOf(ruleSet, compiled, packet, circumstances());
    addCounts(counters, expected.evaluation);
    const wrong = difference(expected, judge.run(packet));
    if (wrong === undefined) continue;
    return `${wrong}: ${Buffer.from(packet).toString('hex')} by rule ${expected.evaluation.rule} of ${JSON.stringify(ruleSet)}`;
  }
  const counted = judge.counters(ruleSet.rules.length);
  return `${counted}` === `${counters}`
    ? undefined
    : `counters ${counted}, not ${counters}: ${JSON.stringify(ruleSet)}`;
}
