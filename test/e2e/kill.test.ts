import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import { KILLS, PATIENCE } from './amounts.js';
import { succeed } from './running.js';
import { type Shape, TestBed } from './test-bed.js';
import { needTools } from './tools.js';
import { pingAll, pingOn, untilTrue } from './traffic.js';

const table: { shape: Shape; mode: string }[] = [
  { shape: [1, 1], mode: 'native' },
  { shape: [4, 4], mode: 'generic' },
];

describe.each(table)('kill -9 under traffic, $shape queues, $mode mode', ({ shape, mode }) => {
  test(
    `${KILLS} times: no program is left within a second, and the next start works at once`,
    async (context) => {
      needTools(context, 'ping', 'ip');
      using bed = new TestBed(shape);
      await bed.introduce();
      const before = bed.state();
      await using _there = pingOn(bed.hosts[0], bed.addresses[1].v4);
      await using _back = pingOn(bed.hosts[1], bed.addresses[0].v6);
      for (let round = 0; round < KILLS; round++) {
        const start = performance.now();
        await using bridge = await bed.bridge('--mode', mode);
        // A queue that the killed run still held would cost two seconds.
        expect(performance.now() - start).toBeLessThan(4_000);
        expect(bed.programs()).toHaveLength(2);
        await sleep(50 + round * 10);
        bridge.kill('SIGKILL');
        await untilTrue('the programs are gone', () => bed.programs().length === 0, 1_000);
        // As the kernel's own tool sees it.
        for (const link of JSON.parse(await succeed(['ip', '-j', '-d', 'link'], { netns: bed.netns }))) {
          expect(link).not.toHaveProperty('xdp');
          expect(link.promiscuity).toBe(0);
        }
        expect((await bridge.end()).status).toBe(137);
      }
      await using last = await bed.bridge('--mode', mode);
      await pingAll(bed.hosts[0], bed.addresses[1].v4, 10);
      await last.stop();
      expect(bed.state()).toEqual(before);
    },
    PATIENCE,
  );
});
