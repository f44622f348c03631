import { BpfMap, u32 } from '../kernel/index.js';
import { RULE_COUNTERS, type RuleSet } from '../rules/index.js';

/** Counts that came before the program's own: a map beside them, with a value for each rule. */
const CARRIED_MAP = 'carried';
const WORDS = RULE_COUNTERS.valueSize / 8;

/** Packets, bytes, packets and bytes over a limit: `u64` each, as {@link RULE_COUNTERS} has them. */
type Counts = readonly bigint[];

/** What one rule has seen since it came, however often the others were replaced. */
export interface RuleStatistics {
  /** Counts from 1. */
  readonly rule: number;
  readonly name?: string;
  readonly packets: number;
  readonly bytes: number;
  /** What was over the rule's limit; 0 in a rule without one. */
  readonly over: { readonly packets: number; readonly bytes: number };
}

/** The counters of one program: what it counted itself, and what it took over. */
export interface CountedRules {
  readonly rules: RuleSet;
  readonly maps: ReadonlyMap<string, BpfMap>;
}

export function carriedMap(rules: RuleSet): BpfMap {
  const maxEntries = Math.max(1, rules.rules.length);
  return new BpfMap({ kind: 'array', name: CARRIED_MAP, valueSize: RULE_COUNTERS.valueSize, maxEntries });
}

export function statisticsOf(counted: CountedRules): RuleStatistics[] {
  return totals(counted).map((counts, i) => {
    const { name } = counted.rules.rules[i]!;
    const [packets = 0, bytes = 0, overPackets = 0, overBytes = 0] = counts.map(Number);
    const over = { packets: overPackets, bytes: overBytes };
    return { rule: i + 1, ...(name !== undefined && { name }), packets, bytes, over };
  });
}

/**
 * Takes over counts: `take` adds to the totals that rules have in `to` the counts that rules of the same name have in `from`.
 * It may be called again when `from` has counted on. Rules without a name, or with a new one, stay.
 */
export class CarriedCounts {
  readonly #from: CountedRules;
  readonly #to: CountedRules;
  readonly #counts: (from: CountedRules) => Counts[];
  /** What `to` had taken over before. */
  readonly #before: readonly Counts[];
  readonly #sources: ReadonlyMap<string, number>;

  /**
   * @param counts `totals` for the successor of rules; `own` for rules that come back after their successor, whose totals hold
   *   theirs already
   */
  constructor(from: CountedRules, to: CountedRules, counts: 'totals' | 'own') {
    this.#from = from;
    this.#to = to;
    this.#counts = counts === 'own' ? ownCounts : totals;
    this.#before = carriedCounts(to);
    this.#sources = new Map(
      from.rules.rules.flatMap(({ name }, i) => (name === undefined ? [] : [[name, i] as const])),
    );
  }

  take(): void {
    const counts = this.#counts(this.#from);
    const map = this.#to.maps.get(CARRIED_MAP)!;
    for (const [i, { name }] of this.#to.rules.rules.entries()) {
      const source = name === undefined ? undefined : this.#sources.get(name);
      if (source === undefined) continue;
      const before = this.#before[i]!;
      const carried = counts[source]!.map((count, word) => count + before[word]!);
      map.update(u32(i), new Uint8Array(BigUint64Array.from(carried).buffer));
    }
  }
}

function totals(counted: CountedRules): Counts[] {
  const carried = carriedCounts(counted);
  return ownCounts(counted).map((counts, i) => counts.map((count, word) => count + carried[i]![word]!));
}

function carriedCounts({ rules, maps }: CountedRules): Counts[] {
  const elements = [...maps.get(CARRIED_MAP)!.elements()];
  return rules.rules.map((_, i) => [...wordsOf(elements[i]![1])]);
}

/** Sums over all CPUs, rule by rule. */
function ownCounts({ rules, maps }: CountedRules): Counts[] {
  const map = maps.get(RULE_COUNTERS.map);
  if (map === undefined) return rules.rules.map(() => Array<bigint>(WORDS).fill(0n));
  return [...map.elements()].map(([, value]) => {
    const sums = Array<bigint>(WORDS).fill(0n);
    for (const [i, count] of wordsOf(value).entries()) sums[i % WORDS]! += count;
    return sums;
  });
}

const wordsOf = (value: Uint8Array): BigUint64Array => new BigUint64Array(value.slice().buffer);
