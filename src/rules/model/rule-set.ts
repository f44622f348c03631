import type { Action } from './action.js';
import type { Match } from './match.js';

/** How large a rule set may be. `validateRules` refuses more, with the reason. */
export const RULE_LIMITS = {
  rules: 1024,
  /** Conditions of one rule, and of all of them. A set (of ports, prefixes, addresses) is one, however many it holds. */
  conditionsPerRule: 64,
  conditions: 16_384,
  /** How deep `all`, `any` and `not` may stand in one another. */
  depth: 16,
  /** Entries of one list. */
  entries: 65_536,
  /** Characters of a tcpdump expression. */
  expression: 4096,
  /** Bytes that a `bytes` match compares, and its largest offset. */
  bytes: 32,
  offset: 9215,
  /** Extension headers of an IPv6 packet that are walked. Behind more of them nothing is known. */
  extensionHeaders: 6,
  /** Sources that one `limit` tells apart; more push out those not seen for longest. */
  sources: 65_536,
} as const;

/** Ordered rules: the first one that matches a packet decides; what none matches passes to the host. */
export interface RuleSet {
  /** Where the JSON schema is, for editors. Without meaning otherwise. */
  readonly $schema?: string;
  /** At most 1024. */
  readonly rules: readonly Rule[];
}

/** What docs/rules.md says about matches and actions is exact: compiler and reference agree on every byte string. */
export interface Rule {
  /** 1 to 64 printable characters, no other rule's. Counters follow it when rules are replaced. */
  readonly name?: string;
  readonly match: Match;
  readonly action: Action;
}
