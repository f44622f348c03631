import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { succeed } from './running.js';
import { journalsOf, PORTS, TestBed } from './test-bed.js';
import { needTools } from './tools.js';
import { iperfTcp, pingAll, pingOn, untilTrue } from './traffic.js';

let bed: TestBed;
beforeEach(() => {
  bed = new TestBed([1, 1]);
});
afterEach(() => bed.close());

const places = () => [
  ...PORTS.map((name) => [name, bed.netns] as const),
  ...bed.hosts.map((netns) => ['eth0', netns] as const),
];
/** `ethtool -k` of all four interfaces. */
const offloads = () =>
  Promise.all(places().map(async ([name, netns]) => `${name}\n${await succeed(['ethtool', '-k', name], { netns })}`));
const ON = /^tx-checksumming: on$/m;

describe.each(['native', 'generic'])('offloads, %s mode', (mode) => {
  beforeEach((context) => needTools(context, 'ethtool', 'ping'));

  test('that make packets unfinished are off meanwhile, and exactly as before afterwards', async (context) => {
    needTools(context, 'iperf3');
    // Not all as they come: what was off before has to be off afterwards too.
    await succeed(['ethtool', '-K', 'eth0', 'tso', 'off', 'gro', 'on'], { netns: bed.hosts[0] });
    await succeed(['ethtool', '-K', 'port1', 'gro', 'on'], { netns: bed.netns });
    await succeed(['ethtool', '-K', 'eth0', 'tx', 'off'], { netns: bed.hosts[1] });
    const before = await offloads();
    expect(before[2]).toMatch(ON);
    expect(before[3]).not.toMatch(ON);
    await using bridge = await bed.bridge('--mode', mode);
    const [port0, port1, left, right] = await offloads();
    for (const sender of [left, right]) {
      for (const feature of ['tx-checksumming', 'tx-vlan-offload', 'tcp-segmentation-offload']) {
        expect(sender).toMatch(new RegExp(`^${feature}: off`, 'm'));
      }
    }
    for (const port of [port0, port1]) expect(port).toMatch(/^generic-receive-offload: off/m);
    expect(journalsOf(bridge.pid)).not.toEqual([]);
    const to = { netns: bed.hosts[1], address: bed.addresses[1].v6 };
    expect(await iperfTcp(bed.hosts[0], to, '-n', '4M')).toBeGreaterThan(0);
    const { last } = await bridge.stop();
    expect(last.ports.map(({ total }) => total.checksumsCompleted)).toEqual([0, 0]);
    expect(await offloads()).toEqual(before);
  });

  test('that a killed bridge left off are put back by the next one', async () => {
    const before = await offloads();
    const killed = await bed.bridge('--mode', mode);
    {
      await using _ = killed;
      await using _traffic = pingOn(bed.hosts[0], bed.addresses[1].v4);
      killed.kill('SIGKILL');
      expect((await killed.end()).status).toBe(137);
    }
    expect(await offloads()).not.toEqual(before);
    expect(journalsOf(killed.pid)).not.toEqual([]);
    await using next = await bed.bridge('--mode', mode);
    const start = next.stdout.split('\n')[0]!;
    expect(start).toMatch(/put back the offloads of .* that a killed run had left off/);
    expect(journalsOf(killed.pid)).toEqual([]);
    await pingAll(bed.hosts[0], bed.addresses[1].v4, 5);
    await next.stop();
    expect(await offloads()).toEqual(before);
  });
});

test('what a killed bridge left behind is put right by the next one, though that is refused', async (context) => {
  needTools(context, 'ethtool');
  const before = await offloads();
  const killed = await bed.bridge();
  killed.kill('SIGKILL');
  await killed.end();
  await untilTrue('no program left', () => bed.programs().length === 0, 1_000);
  const { status, stderr } = await bed.refused('port0', 'port1', '--zero-copy', 'on');
  expect({ status, stderr }).toEqual({ status: 4, stderr: expect.stringContaining('XDP_ERR_ZEROCOPY_UNSUPPORTED') });
  expect(await offloads()).toEqual(before);
  expect(journalsOf(killed.pid)).toEqual([]);
});
