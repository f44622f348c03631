import type { Measurement } from './workloads/meter.js';

/** Two programs measured in turn, A B A B …, so that the machine's drift touches both. */
export interface Pairs {
  readonly ours: readonly Measurement[];
  readonly theirs: readonly Measurement[];
  /** Ours over theirs, the median over the pairs. */
  readonly ppsRatio: number;
  readonly cpuRatio: number;
  /** The smallest and the largest ratio of packets per second. */
  readonly ppsRange: readonly [low: number, high: number];
  /** Pairs left out: one of the two had less than 95 % of a processor, so that something else was running. */
  readonly disturbed: number;
}

const UNDISTURBED = 0.95;

export async function measurePairs(
  count: number,
  spinning: boolean,
  ours: () => Promise<Measurement>,
  theirs: () => Promise<Measurement>,
): Promise<Pairs> {
  const kept: [Measurement, Measurement][] = [];
  const all: [Measurement, Measurement][] = [];
  // A pair that something disturbed is measured again, up to as often as was asked for.
  for (let tries = 0; kept.length < count && tries < count * 2; tries++) {
    // Who goes first changes, so that neither always follows the other.
    let pair: [Measurement, Measurement];
    if (tries % 2 === 0) pair = [await ours(), await theirs()];
    else {
      const second = await theirs();
      pair = [await ours(), second];
    }
    all.push(pair);
    if (!spinning || pair.every(({ cpuSeconds, seconds }) => cpuSeconds / seconds >= UNDISTURBED)) kept.push(pair);
  }
  const used = kept.length > 0 ? kept : all;
  const ratios = used.map(([a, b]) => a.pps / b.pps);
  return {
    ours: used.map(([a]) => a),
    theirs: used.map(([, b]) => b),
    ppsRatio: median(ratios),
    cpuRatio: median(used.map(([a, b]) => a.cpuNsPerPacket / b.cpuNsPerPacket)),
    ppsRange: [Math.min(...ratios), Math.max(...ratios)],
    disturbed: all.length - kept.length,
  };
}

export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
}
