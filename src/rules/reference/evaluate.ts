import { XdpError } from '../../sys/index.js';
import type { Action, PlainAction, RuleSet } from '../model/index.js';
import { LimitState } from './limits.js';
import { type ExpressionTest, matches } from './matches.js';
import { type Packet, readPacket } from './packet.js';

/** What becomes of a packet in the end. */
export type Verdict = Exclude<PlainAction, 'count'>;

/** What one packet adds to a rule's counters. */
export interface RuleCount {
  /** Counts from 0. */
  readonly rule: number;
  /** Of the frame. */
  readonly bytes: number;
  /** Over the rule's limit: the packet counts there as well. */
  readonly isOver: boolean;
}

export interface Evaluation {
  /** The rule that decided, from 0; undefined when none did and the packet passes. */
  readonly rule: number | undefined;
  readonly verdict: Verdict;
  /** The frame after the action: a copy. */
  readonly frame: Uint8Array;
  /** One for each rule that matched and was reached: 1 packet. */
  readonly counts: readonly RuleCount[];
}

export interface EvaluateOptions {
  /** Where the frame begins in the bytes. Default 0. */
  readonly offset?: number;
  /** Bytes of the frame. Default: all that follow. */
  readonly length?: number;
  /** Nanoseconds of a monotonic clock, for limits. Default 0. */
  readonly now?: bigint;
  /** The buckets of limits, which the packet pays into. Default: new ones, all full. */
  readonly limits?: LimitState;
  /** Reads tcpdump expressions. Needed where the rules have any. */
  readonly expression?: ExpressionTest;
}

/**
 * What docs/rules.md says becomes of a frame, in code that is slow and plain: the compiler is measured by it.
 *
 * @param ruleSet a validated one
 */
export function evaluateRules(ruleSet: RuleSet, bytes: Uint8Array, options: EvaluateOptions = {}): Evaluation {
  const { offset = 0, length = bytes.length - offset, now = 0n } = options;
  const { limits = new LimitState(), expression = noExpressions } = options;
  const packet = readPacket(new Uint8Array(bytes.subarray(offset, offset + length)));
  const { frame } = packet;
  const counts: RuleCount[] = [];
  for (const [rule, { match, action }] of ruleSet.rules.entries()) {
    if (!matches(match, packet, expression)) continue;
    const { step, isOver } = chosen(action, rule, packet, limits, now);
    counts.push({ rule, bytes: frame.length, isOver });
    if (step === 'count') continue;
    if (step !== 'l2-forward') return { rule, verdict: step, frame, counts };
    if (packet.ethernet === undefined) return { rule, verdict: 'pass', frame, counts };
    return { rule, verdict: step, frame: swapAddresses(packet), counts };
  }
  return { rule: undefined, verdict: 'pass', frame, counts };
}

/** The plain action of an action: for a limit, the one of the side that the packet is on. */
function chosen(
  action: Action,
  rule: number,
  packet: Packet,
  limits: LimitState,
  now: bigint,
): { step: PlainAction; isOver: boolean } {
  if (typeof action === 'string' || !('limit' in action)) return { step: action, isOver: false };
  const { within = 'pass', over = 'drop' } = action.limit;
  const isOver = !limits.take(rule, action.limit, packet, now);
  return { step: isOver ? over : within, isOver };
}

function swapAddresses({ frame, ethernet }: Packet): Uint8Array {
  const swapped = frame.slice();
  swapped.set(ethernet!.source, 0);
  swapped.set(ethernet!.destination, 6);
  return swapped;
}

export function noExpressions(): never {
  throw new XdpError('XDP_ERR_USAGE', 'the rules have tcpdump expressions, and nothing was given to read them');
}
