import { LIMIT_TICKS, type Limit, limitArithmetic, limitCost, maskAddress } from '../model/index.js';
import type { Packet } from './packet.js';

/** The buckets of a rule set's limits. A new one for each rule set: all of its buckets are full. */
export class LimitState {
  /** By rule and source: T of docs/rules.md, "Limits". */
  readonly #buckets = new Map<string, bigint>();

  /**
   * Whether a packet is within the limit of a rule, which pays for it.
   *
   * @internal
   * @param now nanoseconds of a monotonic clock
   */
  take(rule: number, limit: Limit, packet: Packet, now: bigint): boolean {
    const key = `${rule} ${source(limit, packet)}`;
    const arithmetic = limitArithmetic(limit);
    const ticks = now * LIMIT_TICKS;
    const state = this.#buckets.get(key) ?? 0n;
    const start = state > ticks ? state : ticks;
    const end = start + limitCost(arithmetic, packet.frame.length);
    const isWithin = end - ticks <= arithmetic.tolerance;
    if (isWithin) this.#buckets.set(key, end);
    return isWithin;
  }
}

/** What tells a packet's source from others. */
function source({ perSource }: Limit, { ip }: Packet): string {
  if (perSource === undefined) return 'all';
  if (ip === undefined) return 'not IP';
  const length = ip.version === 4 ? (perSource.ipv4 ?? 32) : (perSource.ipv6 ?? 64);
  return maskAddress(ip.source, length).join('.');
}
