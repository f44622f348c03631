import { setTimeout as sleep } from 'node:timers/promises';
import { Worker } from 'node:worker_threads';
import { expect, test } from 'vitest';
import { ControlBlock, MacSet } from '../../dist/control/index.js';
import { FAULT_COUNTERS, FAULT_SETTINGS, FaultInjector } from '../../dist/faults/index.js';
import { findOrphans } from '../../dist/pipeline/orphans.js';
import { Batch, FrameOwner, Umem } from '../../dist/xsk/index.js';

/** XDPKIT_LONG=1: a thousand. */
const ENDS = process.env['XDPKIT_LONG'] ? 1000 : 25;
const CAPACITY = 64;
const HOLD = 600;
const SETTINGS = {
  ...{ delay: 1000, jitter: 900, distribution: 1, reorderProbability: 10_000 },
  ...{ duplicateProbability: 10_000, dropProbability: 50, corruptProbability: 50, growProbability: 50 },
};

test(`${ENDS} threads ended at random moments: what they held and had in hand is found, each frame once`, async () => {
  const totals = { held: 0, lost: 0 };
  for (let end = 0; end < ENDS; end++) {
    using umem = new Umem({ frames: 1024, ledger: true });
    const holdMemory = FaultInjector.holdMemory(HOLD);
    const batchMemory = Batch.memoryFor(umem.arena, CAPACITY);
    const { place } = umem;
    const thread = new Worker(new URL('./hold-thread.mjs', import.meta.url), {
      workerData: { place, holdMemory, batchMemory, capacity: CAPACITY, settings: SETTINGS },
    });
    const failure = new Promise<never>((_, reject) => thread.once('error', reject));
    failure.catch(() => {});
    await Promise.race([failure, new Promise((resolve) => thread.once('message', resolve))]);
    await Promise.race([failure, sleep(5 + Math.random() * 20)]);
    await thread.terminate();

    const next = injectorOn(umem, holdMemory);
    const batch = new Batch(umem, CAPACITY, batchMemory);
    totals.held += next.left.length;
    const orphans = findOrphans(umem, batch, 0, next.left);
    const frames = orphans.map(({ address }) => Math.floor(address / umem.frameSize));
    const free = Array.from(umem.pool.addresses(), (address) => Math.floor(address / umem.frameSize));
    expect(new Set([...frames, ...free]).size).toBe(frames.length + free.length);
    for (const { length } of orphans) expect(length).toBeGreaterThanOrEqual(18);
    // One frame may be between two places at the moment of the end.
    const lost = umem.frames - frames.length - free.length;
    expect(lost).toBeGreaterThanOrEqual(0);
    expect(lost).toBeLessThanOrEqual(1);
    totals.lost += lost;
    // They are the application's: it gives them back, and the store has room again.
    for (const { address } of orphans) {
      umem.ledger!.move(address, FrameOwner.application, FrameOwner.free);
      umem.pool.give(address);
    }
    expect(next.held).toBe(0);
    expect(injectorOn(umem, holdMemory).left).toEqual([]);
  }
  expect(totals.held).toBeGreaterThan(ENDS);
  console.log(`${ENDS} ends: ${totals.held} frames were held, ${totals.lost} lost between two steps`);
}, 600_000);

/** What the next thread makes on the same memory. */
function injectorOn(umem: Umem, holdMemory: SharedArrayBuffer): FaultInjector {
  return new FaultInjector({
    umem,
    holdMemory,
    control: new ControlBlock(FAULT_SETTINGS, 1),
    sources: new MacSet(),
    destinations: new MacSet(),
    sockets: [{ port: 0, queue: 0, row: 0 }],
    counters: new Float64Array(FAULT_COUNTERS.length),
    drops: { drop: -9, burstLoss: -10, holdOverflow: -11 },
    clock: () => 0,
  });
}
