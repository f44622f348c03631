import type { PacketMatch } from './packet-match.js';
import type { WindowsMatch } from './windows-match.js';

/**
 * What a packet has to be. Every match is true or false: a condition on what a packet hasn't got is false, and its `not`
 * is true.
 */
export type Match = TypedMatch | AllMatch | AnyMatch | NotMatch | ExpressionMatch;

/** A condition named by its `type`. */
export type TypedMatch = WindowsMatch | PacketMatch;

/** The `type` of a condition. */
export type MatchType = TypedMatch['type'];

/** Each of them; at least one. (`{ type: 'all' }` is another thing: every packet.) */
export interface AllMatch {
  readonly all: readonly Match[];
}

/** One of them or more; at least one is given. */
export interface AnyMatch {
  readonly any: readonly Match[];
}

export interface NotMatch {
  readonly not: Match;
}

/** A tcpdump filter (pcap-filter(7)), as text: `udp port 443 and src net 10.0.0.0/8`. At most 4096 characters. */
export interface ExpressionMatch {
  readonly expression: string;
}
