import { describe, expect, test } from 'vitest';
import { DROPS, FaultBench, isWithinFourSigma } from './fault-bench.js';

const MILLION = 1_000_000;
const LOT = 10_000;

/** Passes a million packets; held ones may leave meanwhile. */
function million(bench: FaultBench): number {
  let left = 0;
  for (let done = 0; done < MILLION; done += LOT) {
    left += bench.passBlank(LOT, 120);
    bench.now += 1;
  }
  return left;
}

const PER_MILLE = [
  ['dropProbability', 'dropped'],
  ['corruptProbability', 'corrupted'],
  ['growProbability', 'grown'],
  ['shrinkProbability', 'shrunk'],
] as const;
const PER_100_000 = [
  ['bitflipProbability', 'bitflipped'],
  ['duplicateProbability', 'duplicated'],
  ['reorderProbability', 'reordered'],
] as const;
const OPTIONS = { batch: 256, frames: 24_000, holdFrames: 11_000, ledger: false } as const;

describe('of a million packets each fault hits as many as it should, within four standard deviations', () => {
  const cases = [
    ...PER_MILLE.flatMap(([setting, counter]) => [1, 333].map((p) => ({ setting, counter, p, of: 1000 }))),
    ...PER_100_000.flatMap(([setting, counter]) => [10, 50_000].map((p) => ({ setting, counter, p, of: 100_000 }))),
  ];
  test.each(cases)('$setting $p of $of', ({ setting, counter, p, of }) => {
    // What is reordered is what isn't delayed.
    const delay = setting === 'reorderProbability' ? 500 : 0;
    using bench = new FaultBench({ [setting]: p, delay, seed: p + of }, OPTIONS);
    const left = million(bench);
    const { qualified, [counter]: count, noFrameToDuplicate, holdOverflow } = bench.counts;
    expect([qualified, noFrameToDuplicate, holdOverflow]).toEqual([MILLION, 0, 0]);
    expect(isWithinFourSigma(count, MILLION, p / of), `${count}`).toBe(true);
    if (setting === 'dropProbability') expect(left).toBe(MILLION - count);
    if (setting === 'duplicateProbability') expect(left + bench.injector.held).toBe(MILLION + count);
  });
});

test('never and always are exact', () => {
  using never = new FaultBench({ dropProbability: 0 });
  expect(never.passBlank(10_000)).toBe(10_000);
  using always = new FaultBench({ dropProbability: 1000 });
  expect(always.passBlank(10_000)).toBe(0);
  expect(always.counts.dropped).toBe(10_000);
  using doubled = new FaultBench({ duplicateProbability: 100_000 });
  expect(doubled.passBlank(10_000)).toBe(20_000);
});

test('distances between hits have a geometric distribution, for rare and for frequent faults', () => {
  for (const probability of [0.02, 0.5]) {
    using bench = new FaultBench({ dropProbability: probability * 1000, seed: 5 }, { log: 1 << 18 });
    const count = 20_000 / probability / 10;
    bench.passBlank(count);
    const hits = bench.records.map(({ packet }) => packet);
    const gaps = hits.slice(1).map((hit, i) => hit - hits[i]! - 1);
    for (const least of [1, 2, 5, 10, 50]) {
      const long = gaps.filter((gap) => gap >= least).length;
      expect(isWithinFourSigma(long, gaps.length, (1 - probability) ** least), `${least}: ${long}`).toBe(true);
    }
  }
});

test('only what qualifies is tried: the interface enabled, a port to leave by, both addresses in their sets', () => {
  using bench = new FaultBench({ dropProbability: 1000, enabled: 0 });
  expect([bench.injector.isActive(0), bench.passBlank(10)]).toEqual([false, 10]);
  bench.set({ enabled: 1 });
  expect(bench.injector.isActive(0)).toBe(true);
  const packet = (destination: number, source: number) =>
    Uint8Array.of(2, 0, 0, 0, 1, destination, 2, 0, 0, 0, 0, source, 8, 0, ...new Array<number>(46).fill(0));
  const survivors = () => {
    bench.sent.length = 0;
    bench.pass([packet(1, 1), packet(1, 2), packet(2, 1), packet(2, 2)]);
    return bench.sent.map(({ bytes }) => `${bytes[5]}${bytes[11]}`);
  };
  expect(survivors()).toEqual([]);
  bench.sources.insert('02:00:00:00:00:01');
  expect(survivors()).toEqual(['12', '22']);
  bench.destinations.insert('02:00:00:00:01:02');
  expect(survivors()).toEqual(['11', '12', '22']);
  bench.sources.reset();
  expect(survivors()).toEqual(['11', '12']);
  bench.destinations.reset();
  expect(survivors()).toEqual([]);
  // What somebody else has dropped stays dropped for that reason.
  bench.dropped.clear();
  bench.pass([packet(1, 1)], -1);
  bench.pass([packet(1, 1)], 3);
  expect([...bench.dropped]).toEqual([
    [-1, 1],
    [DROPS.drop, 1],
  ]);
});
