import { setTimeout as sleep } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { patient } from '../patience.js';
import { KILLS, PATIENCE } from './amounts.js';
import { succeed } from './running.js';
import { TestBed } from './test-bed.js';
import { needTools } from './tools.js';
import { pingAll, pingOn } from './traffic.js';

test(
  `kill -9 under traffic, ${KILLS} times: no program is left within a second, and the next start works at once`,
  async (context) => {
    needTools(context, 'ping', 'ip');
    using bed = new TestBed([4, 4]);
    await bed.introduce();
    const before = bed.state();
    await using _there = pingOn(bed.hosts[0], bed.addresses[1].v4);
    await using _back = pingOn(bed.hosts[1], bed.addresses[0].v6);
    for (let round = 0; round < KILLS; round++) {
      // A start that fails throws.
      await using bridge = await bed.bridge('--mode', round % 2 === 0 ? 'native' : 'generic');
      expect(bed.programs()).toHaveLength(2);
      await sleep(50 + round * 10);
      bridge.kill('SIGKILL');
      // As the kernel's own tool sees it.
      const links = async () => JSON.parse(await succeed(['ip', '-j', '-d', 'link'], { netns: bed.netns })) as object[];
      const isFree = (link: { xdp?: unknown; promiscuity?: number }) => !('xdp' in link) && link.promiscuity === 0;
      await expect
        .poll(async () => (await links()).every(isFree), { timeout: patient(1_000), interval: 50 })
        .toBe(true);
      expect(bed.programs()).toEqual([]);
      expect((await bridge.end()).status).toBe(137);
    }
    await using last = await bed.bridge();
    await pingAll(bed.hosts[0], bed.addresses[1].v4, 10);
    await last.stop();
    expect(bed.state()).toEqual(before);
  },
  PATIENCE,
);
