import { existsSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { SOAK_FRAMES, SOAK_SECONDS } from './amounts.js';
import { samplesOf, summaryOf } from './json-lines.js';
import { Running, run } from './running.js';
import { expectWhole, TestBed } from './test-bed.js';
import { needTools } from './tools.js';

const PEER = fileURLToPath(new URL('../../bench/c', import.meta.url));
const BENCH = `${PEER}/build/xdp-bench-c`;
const amount = SOAK_FRAMES > 0 ? `${SOAK_FRAMES} frames` : `${SOAK_SECONDS} seconds`;
/** Seconds after which every flood ends by itself: no soak may take longer. */
const LIMIT = SOAK_FRAMES > 0 ? 3_000 : 60;

test(
  `a soak at full speed for ${amount}: no frame is lost, none is in two places, the kernel refused none`,
  async (context) => {
    needTools(context, 'gcc', 'make', 'libxdp-dev', 'libbpf-dev');
    const { status, stderr } = await run(['make', '-s', '-C', PEER], {}, 60_000);
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
    expect(existsSync(BENCH)).toBe(true);

    using bed = new TestBed([1, 1]);
    await using bridge = await bed.bridge('--interval', '250ms');
    const bench = (netns: string, workload: string) =>
      new Running([BENCH, workload, 'eth0', '--warmup', '0', '--duration', `${LIMIT}`], { netns });
    await using _sink = bench(bed.hosts[1], 'drop');
    const received = () => samplesOf(bridge.stdout).at(-1)?.ports[0]?.total.rxPackets ?? 0;
    {
      await using _flood = bench(bed.hosts[0], 'flood');
      if (SOAK_FRAMES === 0) await sleep(SOAK_SECONDS * 1000);
      else while (received() < SOAK_FRAMES && !_flood.isOver) await sleep(250);
      // Stopped while the flood goes on: that is when frames are everywhere.
      bridge.kill('SIGTERM');
      const ended = await bridge.end(20_000);
      expect({ status: ended.status, stderr: ended.stderr }).toEqual({ status: 0, stderr: '' });
    }
    const summary = summaryOf(bridge.stdout);
    expectWhole(summary);
    const { rxPackets } = summary.last.ports[0]!.total;
    expect(rxPackets).toBeGreaterThan(SOAK_FRAMES);
    console.info(`${rxPackets} frames in ${summary.seconds.toFixed(1)} s`);
    for (const { total } of summary.last.ports) expect(total.kernelInvalidDescriptors).toBe(0);
  },
  LIMIT * 1000,
);
