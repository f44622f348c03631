import { describe, expect, test } from 'vitest';
import { DROPS, FaultBench, hex, isWithinFourSigma, manyNumbered, numbered, numberOf } from './fault-bench.js';

/** Ticks of the wheel. */
const LATE = 1 / 128 + 1e-9;
const numbers = (bench: FaultBench) => bench.sent.map(({ bytes }) => numberOf(bytes));

/** Packets one by one, 0.1 ms apart, from 1000 ms on. @returns how long each was under way, by number */
function trickle(bench: FaultBench, count: number): number[] {
  for (let i = 0; i < count; i++) {
    bench.runTo(1000 + i / 10);
    bench.pass([numbered(i)]);
  }
  bench.runTo(1000 + count / 10 + 60_000);
  const times: number[] = [];
  for (const { bytes, time } of bench.sent) times[numberOf(bytes)] = time - (1000 + numberOf(bytes) / 10);
  return times;
}

describe('delay', () => {
  test('a fixed one keeps the order, and no packet leaves early or more than a tick late', () => {
    for (const delay of [1, 20, 1500, 20_000, 700_000]) {
      using bench = new FaultBench({ delay }, { holdFrames: 8192, frames: 8400 });
      const times = trickle(bench, 300);
      expect(numbers(bench)).toEqual(Array.from({ length: 300 }, (_, i) => i));
      expect(Math.min(...times)).toBeGreaterThanOrEqual(delay / 1000 - 1e-9);
      expect(Math.max(...times)).toBeLessThanOrEqual(delay / 1000 + LATE);
      expect(bench.counts).toMatchObject({ delayed: 300, held: 0, reordered: 0, rateLimited: 0 });
      expect(hex(bench.sent)).toEqual(hex(manyNumbered(300).map((bytes) => ({ bytes }))));
    }
  });

  test('jitter keeps delays in bounds, and lets packets overtake', () => {
    using bench = new FaultBench({ delay: 5000, jitter: 2000 }, { holdFrames: 400 });
    const times = trickle(bench, 2000);
    expect(times).toHaveLength(2000);
    expect(Math.min(...times)).toBeGreaterThanOrEqual(3);
    expect(Math.max(...times)).toBeLessThanOrEqual(7 + LATE);
    expect(numbers(bench)).not.toEqual(numbers(bench).toSorted((a, b) => a - b));
  });

  test('a delay that would be negative is none', () => {
    using bench = new FaultBench({ delay: 0, jitter: 2000 }, { holdFrames: 400 });
    const times = trickle(bench, 2000);
    const atOnce = times.filter((time) => time < 1e-9).length;
    expect(isWithinFourSigma(atOnce, 2000, 0.5), `${atOnce}`).toBe(true);
    expect(bench.counts.delayed).toBe(2000 - atOnce);
  });

  test('held packets keep the port they leave by, whatever it is', () => {
    using bench = new FaultBench({ delay: 1000 });
    for (const egress of [0, 1, 7, 0xfffe]) bench.pass([numbered(egress)], egress);
    bench.runTo(1002);
    expect(bench.sent.map(({ egress }) => egress)).toEqual([0, 1, 7, 0xfffe]);
  });

  test('switched off, it lets those that are held out in their time', () => {
    using bench = new FaultBench({ delay: 1000 });
    bench.pass([numbered(1)]);
    bench.set({ enabled: 0 });
    expect(bench.injector.isActive(0)).toBe(false);
    bench.pass([numbered(2)]);
    bench.runTo(1000.9);
    expect(numbers(bench)).toEqual([2]);
    bench.runTo(1001.1);
    expect(numbers(bench)).toEqual([2, 1]);
    expect([bench.injector.held, bench.injector.nextDue]).toEqual([0, Number.POSITIVE_INFINITY]);
  });

  test('packets that do not qualify are not held', () => {
    using bench = new FaultBench({ delay: 1000 });
    bench.destinations.insert('02:00:00:00:00:09');
    const other = numbered(5);
    other[5] = 9;
    bench.pass([numbered(1), other, numbered(2), numbered(3)]);
    expect(numbers(bench)).toEqual([1, 2, 3]);
    bench.runTo(1002);
    expect(numbers(bench)).toEqual([1, 2, 3, 5]);
  });

  test('at the end all are let out', () => {
    using bench = new FaultBench({ delay: 60_000_000, jitter: 1_000_000 });
    bench.pass(manyNumbered(200));
    expect(bench.injector.held).toBe(200);
    bench.injector.releaseAll();
    bench.runTo(bench.now);
    expect([bench.injector.held, bench.sent.length, bench.umem.pool.free]).toEqual([0, 200, 512]);
  });
});

describe('reordering', () => {
  test('with a gap, every so manieth packet leaves at once', () => {
    using bench = new FaultBench({ delay: 1000, reorderProbability: 100_000, reorderGap: 5 });
    bench.pass(manyNumbered(50));
    const early = numbers(bench);
    expect(early).toEqual([4, 9, 14, 19, 24, 29, 34, 39, 44, 49]);
    bench.runTo(1002);
    expect(numbers(bench).slice(10)).toEqual(Array.from({ length: 50 }, (_, i) => i).filter((i) => i % 5 !== 4));
    expect(bench.counts).toMatchObject({ reordered: 10, delayed: 40 });
  });

  test('nothing overtakes where nothing is delayed', () => {
    using bench = new FaultBench({ reorderProbability: 50_000 });
    bench.pass(manyNumbered(100));
    expect(numbers(bench)).toEqual(Array.from({ length: 100 }, (_, i) => i));
    expect(bench.counts.reordered).toBe(0);
  });
});

describe('rate', () => {
  test('packets are spaced by their length', () => {
    // 1000 bytes take a millisecond.
    using bench = new FaultBench({ rate: 8_000_000 });
    bench.pass(manyNumbered(20, 500));
    bench.runTo(2000);
    bench.sent.forEach(({ time }, i) => {
      expect(time).toBeGreaterThanOrEqual(1000 + (i + 1) / 2 - 1e-9);
      expect(time).toBeLessThanOrEqual(1000 + (i + 1) / 2 + LATE);
    });
    expect(numbers(bench)).toEqual(Array.from({ length: 20 }, (_, i) => i));
    expect(bench.counts.rateLimited).toBe(20);
  });

  test('over a second it is exact, also shared among queues', () => {
    for (const queues of [1, 4]) {
      using bench = new FaultBench({ rate: 10_000_000 }, { queues, holdFrames: 200 });
      for (let i = 0; i < 1000; i++) {
        bench.runTo(1000 + i);
        bench.pass(manyNumbered(4, 1250));
      }
      const bits = bench.sent.length * 1250 * 8;
      expect(Math.abs(bits - (999 / 1000) * (10_000_000 / queues))).toBeLessThanOrEqual(2 * 1250 * 8);
      expect(bench.counts.holdOverflow + bench.sent.length + bench.injector.held).toBe(4000);
    }
  });

  test('a burst goes at once after idle time, and no more than that', () => {
    using bench = new FaultBench({ rate: 8_000_000, burst: 5000 });
    bench.pass(manyNumbered(10, 1000));
    expect(numbers(bench)).toEqual([0, 1, 2, 3, 4]);
    bench.runTo(1003.1);
    expect(bench.sent).toHaveLength(8);
    bench.runTo(1100);
    bench.pass(manyNumbered(10, 1000, 10));
    expect(bench.sent).toHaveLength(15);
  });

  test('the link comes behind the delay', () => {
    using bench = new FaultBench({ rate: 8_000_000, delay: 10_000 });
    bench.pass(manyNumbered(3, 1000));
    bench.runTo(1100);
    bench.sent.forEach(({ time }, i) => {
      expect(Math.abs(time - (1011 + i))).toBeLessThanOrEqual(LATE);
    });
    expect(bench.counts).toMatchObject({ delayed: 3, rateLimited: 3 });
  });
});

describe('the number of held frames is bounded', () => {
  test('what finds no room is dropped, and counted', () => {
    using bench = new FaultBench({ delay: 1000 }, { holdFrames: 10 });
    bench.pass(manyNumbered(25));
    expect(bench.injector.held).toBe(10);
    expect(bench.counts).toMatchObject({ holdOverflow: 15, held: 10, delayed: 10 });
    expect(bench.dropped.get(DROPS.holdOverflow)).toBe(15);
    bench.runTo(1002);
    expect(numbers(bench)).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
  });

  test('a packet that finds no room takes nothing of the rate', () => {
    using bench = new FaultBench({ rate: 8_000_000 }, { holdFrames: 2 });
    bench.pass(manyNumbered(50, 1000));
    bench.runTo(1003);
    bench.pass([numbered(99, 1000)]);
    bench.runTo(1005);
    expect(bench.sent.map(({ time }) => Math.round(time))).toEqual([1001, 1002, 1004]);
  });

  test('with no room at all nothing is delayed or copied', () => {
    using bench = new FaultBench({ duplicateProbability: 100_000 }, { holdFrames: 0 });
    bench.pass(manyNumbered(5));
    expect([bench.sent.length, bench.counts.noFrameToDuplicate]).toEqual([5, 5]);
    bench.set({ delay: 1 });
    bench.pass(manyNumbered(5));
    expect([bench.sent.length, bench.counts.holdOverflow]).toEqual([5, 5]);
  });
});

describe('duplication', () => {
  test('a copy leaves behind the batch, equal to its original', () => {
    using bench = new FaultBench({ duplicateProbability: 100_000 });
    bench.pass(manyNumbered(3, 77));
    expect(numbers(bench)).toEqual([0, 1, 2, 0, 1, 2]);
    expect(hex(bench.sent.slice(0, 3))).toEqual(hex(bench.sent.slice(3)));
    expect(bench.counts).toMatchObject({ duplicated: 3, held: 0 });
  });

  test('copies are delayed as their originals, and need their own time on a limited link', () => {
    using bench = new FaultBench({ duplicateProbability: 100_000, delay: 1000, jitter: 500, seed: 2 });
    bench.pass(manyNumbered(20));
    bench.runTo(1010);
    const times = new Map<number, number[]>();
    for (const { bytes, time } of bench.sent) times.set(numberOf(bytes), [...(times.get(numberOf(bytes)) ?? []), time]);
    expect([...times.values()].every(([first, second]) => first === second)).toBe(true);
    using link = new FaultBench({ duplicateProbability: 100_000, rate: 8_000_000 });
    link.pass(manyNumbered(2, 1000));
    link.runTo(1010);
    expect(link.sent.map(({ time }) => Math.round(time))).toEqual([1001, 1002, 1003, 1004]);
  });

  test('without a free frame there is none, which is counted', () => {
    using bench = new FaultBench({ duplicateProbability: 100_000 }, { frames: 10, holdFrames: 10 });
    bench.pass(manyNumbered(8));
    expect(bench.counts).toMatchObject({ duplicated: 2, noFrameToDuplicate: 6 });
    expect(bench.sent).toHaveLength(10);
  });
});
