// needs: ip, ethtool, ping
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { deleteLink, getLink, setLink } from '../../dist/netdev/index.js';
import { patient } from '../patience.js';
import { LINK_EVENTS } from './amounts.js';
import { jsonLines, samplesOf } from './json-lines.js';
import { run, succeed } from './running.js';
import { journalsOf, type RunningBridge, TestBed } from './test-bed.js';
import { pingAll, pingOn } from './traffic.js';

let bed: TestBed;
beforeEach(async () => {
  bed = new TestBed([4, 4]);
  await bed.introduce();
});
afterEach(() => bed.close());

const again = (name: string, body: (time: number) => Promise<void>) =>
  test(`${name}, ${LINK_EVENTS} times`, { timeout: patient(LINK_EVENTS * 30_000) }, async () => {
    for (let time = 0; time < LINK_EVENTS; time++) {
      await body(time);
      bed.close();
      bed = new TestBed([4, 4]);
      await bed.introduce();
    }
  });

/** The events that a bridge has told of so far, once there are `count`. */
async function eventsOf(bridge: RunningBridge, count: number): Promise<unknown[]> {
  const events = () => jsonLines(bridge.stdout).filter(({ type }) => type === 'event');
  await expect.poll(() => events().length, { timeout: patient(5_000) }).toBeGreaterThanOrEqual(count);
  return events();
}

/** Ends by itself, with an error, and nothing is left of it. */
async function expectEnd(bridge: RunningBridge, error: object): Promise<void> {
  const { status, stdout, stderr } = await bridge.end(4_000);
  expect({ status, stderr }).toEqual({ status: 1, stderr: '' });
  expect(jsonLines(stdout).at(-1)).toMatchObject({ type: 'error', ...error });
  expect(journalsOf(bridge.pid)).toEqual([]);
}

/** Workers that have nothing to do look now and then, and sleep in between. */
async function expectSleep(bridge: RunningBridge): Promise<void> {
  const from = samplesOf(bridge.stdout).length;
  await expect
    .poll(() => samplesOf(bridge.stdout).length, { timeout: patient(5_000) })
    .toBeGreaterThanOrEqual(from + 3);
  const [first, last] = [samplesOf(bridge.stdout)[from]!, samplesOf(bridge.stdout).at(-1)!];
  for (const [worker, { turns, sleeps }] of last.workers.entries()) {
    const before = first.workers[worker]!;
    expect(sleeps).toBeGreaterThan(before.sleeps);
    expect((turns - before.turns) / (sleeps - before.sleeps), 'turns for each sleep').toBeLessThan(1000);
  }
}

const others = { xdp: [], promiscuity: 0 };

again('the far end of an interface is deleted, and the interface with it', async (time) => {
  const side = time % 2;
  await using bridge = await bed.bridge();
  await using _traffic = pingOn(bed.hosts[0], bed.addresses[1].v4);
  await sleep(100);
  deleteLink('eth0', { netns: bed.hosts[side]! });
  await expectEnd(bridge, { code: 'XDP_ERR_INTERFACE_GONE', message: expect.stringContaining(`port${side}`) });
  expect(getLink(`port${1 - side}`, { netns: bed.netns })).toMatchObject(others);
});

again('an interface is set down and up again: what is sent afterwards gets through', async (time) => {
  const port = `port${time % 2}`;
  await using bridge = await bed.bridge('--interval', '100ms');
  {
    await using _traffic = pingOn(bed.hosts[0], bed.addresses[1].v4);
    await sleep(100);
    setLink(port, { up: false }, { netns: bed.netns });
    expect(await eventsOf(bridge, 1)).toContainEqual(expect.objectContaining({ interface: port, change: 'down' }));
    await expectSleep(bridge);
    setLink(port, { up: true }, { netns: bed.netns });
    await expect.poll(() => getLink(port, { netns: bed.netns }).carrier).toBe(true);
  }
  await pingAll(bed.hosts[0], bed.addresses[1].v4, 20);
  await bridge.stop();
});

again('more queues', async (time) => {
  const port = `port${time % 2}`;
  const set = (name: string, count: number, netns: string) =>
    succeed(['ethtool', '-L', name, 'rx', `${count}`, 'tx', `${count}`], { netns });
  await set('eth0', 2, bed.hosts[time % 2]!);
  await set(port, 2, bed.netns);
  await using bridge = await bed.bridge();
  await using _traffic = pingOn(bed.hosts[0], bed.addresses[1].v4);
  await sleep(100);
  await set(port, 4, bed.netns);
  await expectEnd(bridge, {
    code: 'XDP_ERR_QUEUES_CHANGED',
    message: `${port} has 4 RX and 4 TX queues now; it had 2 RX and 2 TX when it was taken over`,
  });
  for (const name of ['port0', 'port1']) expect(getLink(name, { netns: bed.netns })).toMatchObject(others);
});

again('fewer queues than have sockets: the kernel refuses that, and the bridge goes on', async (time) => {
  await using bridge = await bed.bridge();
  const { status } = await run(['ethtool', '-L', `port${time % 2}`, 'rx', '2', 'tx', '2'], { netns: bed.netns });
  expect(status).not.toBe(0);
  await pingAll(bed.hosts[0], bed.addresses[1].v4, 20);
  await bridge.stop();
});

again('the MTU changes', async (time) => {
  const port = `port${time % 2}`;
  await using bridge = await bed.bridge();
  await using traffic = pingOn(bed.hosts[0], bed.addresses[1].v4);
  for (const mtu of [1400, 1500, 1700])
    await succeed(['ip', 'link', 'set', port, 'mtu', `${mtu}`], { netns: bed.netns });
  expect(await eventsOf(bridge, 3)).toMatchObject([
    { interface: port, change: 'mtu', message: `${port} has an MTU of 1400 now` },
    { message: `${port} has an MTU of 1500 now` },
    { message: `${port} has an MTU of 1700 now` },
  ]);
  await traffic[Symbol.asyncDispose]();
  await pingAll(bed.hosts[0], bed.addresses[1].v4, 20);
  await bridge.stop();
});

again('an interface gets another name', async (time) => {
  const port = `port${time % 2}`;
  await using bridge = await bed.bridge('--interval', '100ms');
  {
    await using _traffic = pingOn(bed.hosts[0], bed.addresses[1].v4);
    await sleep(100);
    await succeed(['ip', 'link', 'set', port, 'name', 'wan0'], { netns: bed.netns });
    expect(await eventsOf(bridge, 1)).toMatchObject([
      { interface: 'wan0', change: 'renamed', message: `${port} is called wan0 now` },
    ]);
  }
  await pingAll(bed.hosts[0], bed.addresses[1].v4, 20);
  await bridge.stop();
  expect(JSON.stringify(jsonLines(bridge.stdout).at(-1))).toContain('"interface":"wan0"');
  expect(getLink('wan0', { netns: bed.netns })).toMatchObject(others);
});
