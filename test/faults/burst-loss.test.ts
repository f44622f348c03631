import { describe, expect, test } from 'vitest';
import { BurstLoss } from '../../dist/faults/burst-loss.js';
import { FaultBench, isWithinFourSigma } from './fault-bench.js';

const COUNT = 1_000_000;

/** Which of a million packets are lost, in batches of changing length. */
function losses(toBad: number, toGood: number, inGood: number, inBad: number): Uint8Array {
  const model = new BurstLoss();
  model.set(toBad, toGood, inGood, inBad);
  model.seed(7, 0, 1, 0);
  const lost = new Uint8Array(COUNT);
  const places = new Int32Array(256);
  for (let done = 0, lot = 1; done < COUNT; lot = (lot % 256) + 1) {
    const count = Math.min(lot, COUNT - done);
    const hits = model.judge(count, places);
    for (let i = 0; i < hits; i++) lost[done + places[i]!] = 1;
    done += count;
  }
  return lost;
}

/** Lengths of the runs of lost packets. */
function bursts(lost: Uint8Array): number[] {
  const lengths: number[] = [];
  let length = 0;
  for (const one of lost) {
    if (one === 1) length++;
    else if (length > 0) {
      lengths.push(length);
      length = 0;
    }
  }
  return lengths;
}

describe('with p and r, and no more (Gilbert): every packet of the bad state is lost', () => {
  test.each([
    [1000, 25_000],
    [5000, 50_000],
    [100, 2000],
    [60_000, 90_000],
  ])('p %i, r %i', (p, r) => {
    const lost = losses(p, r, 0, 100_000);
    const [toBad, toGood] = [p / 100_000, r / 100_000];
    const lengths = bursts(lost);
    const total = lengths.reduce((sum, length) => sum + length, 0);
    // The share of the bad state; packets near each other agree, so that its deviation is wider.
    const share = toBad / (toBad + toGood);
    const memory = 1 - toBad - toGood;
    const sigma = Math.sqrt((COUNT * share * (1 - share) * (1 + memory)) / (1 - memory));
    expect(Math.abs(total - COUNT * share), `${total} lost`).toBeLessThan(4 * sigma);
    // The length of a burst is geometric: mean 1 / r.
    const mean = total / lengths.length;
    const meanSigma = Math.sqrt(1 - toGood) / toGood / Math.sqrt(lengths.length);
    expect(Math.abs(mean - 1 / toGood), `mean ${mean}`).toBeLessThan(4 * meanSigma + 1e-9);
    for (const least of [2, 3, 6, 12]) {
      const long = lengths.filter((length) => length >= least).length;
      expect(isWithinFourSigma(long, lengths.length, (1 - toGood) ** (least - 1)), `${least}: ${long}`).toBe(true);
    }
  });
});

test('with losses of their own in both states (Gilbert-Elliott), each state loses its share', () => {
  const [p, r, good, bad] = [0.02, 0.1, 0.001, 0.4];
  const lost = losses(2000, 10_000, 100, 40_000);
  const total = lost.reduce((sum, one) => sum + one, 0);
  const inBad = p / (p + r);
  const share = inBad * bad + (1 - inBad) * good;
  const memory = 1 - p - r;
  const between = (bad - good) ** 2 * inBad * (1 - inBad);
  const sigma = Math.sqrt(COUNT * (share * (1 - share) + (2 * between * memory) / (1 - memory)));
  expect(Math.abs(total - COUNT * share), `${total}`).toBeLessThan(4 * sigma);
  // How far the losses of two packets, k apart, go together: it fades with (1 - p - r)^k.
  for (const apart of [1, 5, 15]) {
    let both = 0;
    for (let i = apart; i < COUNT; i++) both += lost[i]! & lost[i - apart]!;
    const covariance = both / COUNT - (total / COUNT) ** 2;
    expect(Math.abs(covariance - between * memory ** apart), `${apart}`).toBeLessThan(0.0015);
  }
});

test('bursts are the same however packets are cut into batches, and are counted apart from single drops', () => {
  const settings = { gilbertP: 1000, gilbertR: 25_000, seed: 3 };
  const lost = [1, 7, 256].map((batch) => {
    using bench = new FaultBench(settings, { batch, log: 1 << 18 });
    bench.passBlank(20_000);
    expect(bench.counts.dropped).toBe(0);
    const packets = bench.records.map(({ packet, fault }) => `${fault} ${packet}`);
    expect(packets).toHaveLength(bench.counts.burstLost);
    return packets;
  });
  expect(lost[1]).toEqual(lost[0]);
  expect(lost[2]).toEqual(lost[0]);
});

test('with p at 0, only the good state loses', () => {
  expect(bursts(losses(0, 100_000, 0, 100_000))).toEqual([]);
  const total = losses(0, 100_000, 30_000, 100_000).reduce((sum, one) => sum + one, 0);
  expect(isWithinFourSigma(total, COUNT, 0.3)).toBe(true);
});
