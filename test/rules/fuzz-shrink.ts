import type { RuleSet } from '../../dist/rules/index.js';
import { type Disagreement, disagreement, type FuzzSet } from './fuzz-set.js';

/** The smallest case that still shows a disagreement, and what that is. */
export interface Shrunk {
  readonly set: FuzzSet;
  readonly found: Disagreement;
}

/** Leaves out packets, then rules, for as long as there is a disagreement. */
export function shrink(set: FuzzSet, found: Disagreement): Shrunk {
  let best: Shrunk = { set, found };
  const attempt = (smaller: FuzzSet): boolean => {
    const again = disagreement(smaller, true);
    if (again !== undefined) best = { set: smaller, found: again };
    return again !== undefined;
  };
  attempt(set);
  const { packet } = best.found;
  if (packet === undefined) attempt({ ...set, packets: [] });
  else {
    const upTo = set.packets.slice(0, packet + 1);
    if (!attempt({ ...set, packets: upTo.slice(-1) })) attempt({ ...set, packets: upTo });
  }
  const without = <T>(list: readonly T[], i: number): T[] => list.filter((_, other) => other !== i);
  for (let i = best.set.ruleSet.rules.length - 1; i >= 0; i--) {
    const { rules } = best.set.ruleSet;
    if (rules.length > 1) attempt({ ...best.set, ruleSet: { rules: without(rules, i) } satisfies RuleSet });
  }
  for (let i = best.set.packets.length - 1; i >= 0; i--) {
    if (best.set.packets.length > 1) attempt({ ...best.set, packets: without(best.set.packets, i) });
  }
  return best;
}

/** As an entry of fuzz-regressions.ts has it. */
export function caseText({ set: { ruleSet, compact, sockets, packets }, found }: Shrunk): string {
  const hex = packets.map((packet) => Buffer.from(packet).toString('hex'));
  return JSON.stringify({ says: found.says, compact, sockets, rules: ruleSet.rules, packets: hex });
}
