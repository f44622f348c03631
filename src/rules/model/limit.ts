import type { Limit } from './action.js';

/** Ticks a nanosecond: time is counted in sixteenths of one, so that the cost of one packet is not rounded much. */
export const LIMIT_TICKS = 16n;

const TICKS_PER_SECOND = 16_000_000_000n;

/** The numbers of a token bucket; docs/rules.md tells what is done with them. All fit 63 bits. */
export interface LimitArithmetic {
  readonly unit: 'packets' | 'bytes';
  /** Units a second. */
  readonly rate: bigint;
  /** Ticks that a burst may run ahead. */
  readonly tolerance: bigint;
}

export function limitArithmetic(limit: Limit): LimitArithmetic {
  const unit = limit.packets === undefined ? 'bytes' : 'packets';
  const rate = BigInt(limit.packets ?? limit.bytes!);
  const burst = limit.burst === undefined ? rate : BigInt(limit.burst);
  return { unit, rate, tolerance: (burst * TICKS_PER_SECOND) / rate };
}

/** Ticks that a frame costs: rounded down. */
export function limitCost({ unit, rate }: LimitArithmetic, frameLength: number): bigint {
  return ((unit === 'packets' ? 1n : BigInt(frameLength)) * TICKS_PER_SECOND) / rate;
}
