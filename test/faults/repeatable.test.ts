import { describe, expect, test } from 'vitest';
import type { FaultRecord, FaultSettings } from '../../dist/faults/index.js';
import { FaultBench, hex, manyNumbered } from './fault-bench.js';

const DAMAGE: Partial<FaultSettings> = {
  dropProbability: 50,
  gilbertP: 2000,
  gilbertR: 30_000,
  corruptProbability: 100,
  corruptAmount: 5,
  bitflipProbability: 10_000,
  growProbability: 80,
  growAmount: 9,
  shrinkProbability: 80,
  shrinkAmount: 11,
  duplicateProbability: 7000,
};
const TIMES: Partial<FaultSettings> = {
  delay: 3000,
  jitter: 1000,
  delayCorrelation: 25_000,
  distribution: 1,
  reorderProbability: 9000,
  reorderGap: 3,
};
const PACKETS = manyNumbered(3000, 100);

/** What leaves, and what is logged, when packets come one a 100 µs. */
function run(settings: Partial<FaultSettings>, options: { batch?: number; port?: number; queue?: number } = {}) {
  using bench = new FaultBench(settings, { frames: 4096, holdFrames: 2048, log: 1 << 18, ...options });
  const { batch = 64 } = options;
  for (let i = 0; i < PACKETS.length; i += batch) {
    bench.runTo(1000 + i / 10);
    bench.pass(PACKETS.slice(i, i + batch));
  }
  bench.runTo(5000);
  return { sent: hex(bench.sent), times: bench.sent.map(({ time }) => time), log: bench.records };
}

test('the same seed and the same packets give the same packets, byte for byte, at the same times', () => {
  for (const seed of [0, 1, 0xffff_ffff]) {
    expect(run({ ...DAMAGE, ...TIMES, seed })).toEqual(run({ ...DAMAGE, ...TIMES, seed }));
  }
});

test('another seed, port or queue gives others', () => {
  const runs = [
    run({ ...DAMAGE, seed: 1 }),
    run({ ...DAMAGE, seed: 2 }),
    run({ ...DAMAGE, seed: 1 }, { port: 1 }),
    run({ ...DAMAGE, seed: 1 }, { queue: 1 }),
  ].map(({ sent }) => sent.join());
  expect(new Set(runs).size).toBe(4);
});

test('it does not matter how the packets are cut into batches', () => {
  // Copies leave behind the batch: compare without the order.
  const whole = run({ ...DAMAGE, seed: 9 }, { batch: 64 });
  for (const batch of [1, 7, 256]) {
    const other = run({ ...DAMAGE, seed: 9 }, { batch });
    expect(other.sent.toSorted()).toEqual(whole.sent.toSorted());
  }
});

test('a seed set while it runs begins anew, and so does a restart', () => {
  using bench = new FaultBench({ ...DAMAGE, seed: 3 }, { frames: 4096, log: 1 << 18 });
  bench.pass(PACKETS);
  const first = hex(bench.sent);
  bench.sent.length = 0;
  bench.pass(PACKETS);
  expect(hex(bench.sent)).not.toEqual(first);
  for (const change of [{ restarts: 1 }, { seed: 4 }, { seed: 3 }]) {
    bench.sent.length = 0;
    bench.set(change);
    bench.pass(PACKETS);
    if (change.seed === 4) expect(hex(bench.sent)).not.toEqual(first);
    else expect(hex(bench.sent)).toEqual(first);
  }
});

describe('each fault has a stream of its own', () => {
  const hits = (log: readonly FaultRecord[], fault: string) =>
    log.filter((record) => record.fault === fault).map(({ packet }) => packet);
  const alone: Record<string, Partial<FaultSettings>> = {
    drop: { dropProbability: 50 },
    burstLoss: { gilbertP: 2000, gilbertR: 30_000 },
    corrupt: { corruptProbability: 100, corruptAmount: 5 },
    bitflip: { bitflipProbability: 10_000 },
    grow: { growProbability: 80, growAmount: 9 },
    shrink: { shrinkProbability: 80, shrinkAmount: 11 },
    duplicate: { duplicateProbability: 7000 },
    reorder: { reorderProbability: 9000, reorderGap: 3, delay: 3000 },
  };
  const all = run({ ...DAMAGE, ...TIMES, seed: 77 });
  const lost = new Set([...hits(all.log, 'drop'), ...hits(all.log, 'burstLoss')]);

  test.each(Object.keys(alone))('%s hits the same packets with the others on', (fault) => {
    const expected = hits(run({ ...alone[fault], seed: 77 }).log, fault);
    expect(expected.length).toBeGreaterThan(50);
    // A packet that is lost before can't be hit any more; all others are.
    const isDrop = fault === 'drop';
    const gone = isDrop ? new Set<number>() : fault === 'burstLoss' ? new Set(hits(all.log, 'drop')) : lost;
    expect(hits(all.log, fault)).toEqual(expected.filter((packet) => !gone.has(packet)));
  });

  test('the streams are not the same one', () => {
    const same = { dropProbability: 0, corruptProbability: 100, growProbability: 100, shrinkProbability: 100 };
    const { log } = run({ ...same, bitflipProbability: 10_000, duplicateProbability: 10_000, seed: 5 });
    const rows = ['corrupt', 'bitflip', 'grow', 'shrink', 'duplicate'].map((fault) => hits(log, fault));
    for (const [i, row] of rows.entries()) {
      for (const other of rows.slice(i + 1)) {
        // A tenth of a tenth of 3,000 packets, by chance: 30, deviation 5.4.
        const both = row.filter((packet) => other.includes(packet)).length;
        expect(both).toBeGreaterThan(30 - 4 * 5.4);
        expect(both).toBeLessThan(30 + 4 * 5.4);
      }
    }
  });
});
