import { readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { type Shape, TestBed } from './test-bed.js';

/** Clock ticks a second of the times in /proc: USER_HZ, 100 on every architecture that Node runs on. */
const TICKS = 100;
const SECONDS = 3;

/** Seconds of processor time, user and system, that a process with all its threads has used: proc(5). */
function cpuSeconds(pid: number): number {
  const fields = readFileSync(`/proc/${pid}/stat`, 'ascii')
    .replace(/^.*\) /s, '')
    .split(' ');
  return (Number(fields[11]) + Number(fields[12])) / TICKS;
}

test.each([[[1, 1]], [[8, 8]]] as [Shape][])(
  'a bridge of $0 queues that nobody uses takes less than 2 % of a processor',
  async (shape) => {
    using bed = new TestBed(shape);
    await using bridge = await bed.bridge();
    await sleep(1_000);
    const before = cpuSeconds(bridge.pid);
    await sleep(SECONDS * 1000);
    expect((cpuSeconds(bridge.pid) - before) / SECONDS).toBeLessThan(0.02);
    const { last } = await bridge.stop();
    for (const { sleeps } of last.workers) expect(sleeps).toBeGreaterThan(SECONDS * 5);
  },
);
