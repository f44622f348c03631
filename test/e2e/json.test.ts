import { afterEach, beforeEach, expect, test } from 'vitest';
import { type JsonLine, jsonLines, type SampleLine, summaryOf } from './json-lines.js';
import { expectWhole, PORTS, type Shape, TestBed } from './test-bed.js';
import { needTools } from './tools.js';
import { copyOverTcp, pingAll } from './traffic.js';

let bed: TestBed;
const shape: Shape = [4, 4];
beforeEach(() => {
  bed = new TestBed(shape);
});
afterEach(() => bed.close());

test('a line for the start, one for each sample, and a summary: the numbers add up', async (context) => {
  needTools(context, 'ping');
  await using bridge = await bed.bridge('--interval', '100ms');
  await pingAll(bed.hosts[0], bed.addresses[1].v4, 50);
  await copyOverTcp(bed.hosts[0], { netns: bed.hosts[1], address: bed.addresses[1].v4 }, 32 << 20);
  await bridge.stop();

  const [start, ...rest] = jsonLines(bridge.stdout);
  const { version } = start!;
  expect(start).toEqual({
    version,
    type: 'start',
    frameSize: 2048,
    workers: expect.any(Number),
    interfaces: PORTS.map((name) => ({
      interface: name,
      mac: expect.stringMatching(/^([0-9a-f]{2}:){5}[0-9a-f]{2}$/),
      mtu: 1500,
      driver: 'veth',
      queues: 4,
      mode: 'native',
      notices: expect.any(Array),
    })),
  });
  const summary = summaryOf(bridge.stdout);
  const samples = rest.slice(0, -1) as JsonLine[] as SampleLine[];
  expect(samples.length).toBeGreaterThan(3);
  expect(new Set(samples.map(({ type }) => type))).toEqual(new Set(['sample']));
  expectWhole(summary);
  expect(summary.audits).toHaveLength(Number(start!['workers']));

  // From sample to sample counters only grow, and a port's total is the sum of its queues.
  const all = [...samples, summary.last];
  for (const [i, { time, ports }] of all.entries()) {
    const before = all[i - 1];
    if (before !== undefined) expect(time).toBeGreaterThanOrEqual(before.time);
    for (const [p, { total, queues }] of ports.entries()) {
      expect(queues.map(({ queue }) => queue)).toEqual([0, 1, 2, 3]);
      expect(queues.reduce((sum, { counts }) => sum + counts.rxPackets, 0)).toBe(total.rxPackets);
      expect(queues.reduce((sum, { counts }) => sum + counts.txBytes, 0)).toBe(total.txBytes);
      const earlier = before?.ports[p]?.total.rxPackets ?? 0;
      expect(total.rxPackets).toBeGreaterThanOrEqual(earlier);
    }
  }
  const [left, right] = summary.last.ports.map(({ total }) => total);
  expect(left!.rxBytes).toBeGreaterThan(32 << 20);
  expect([right!.txPackets, right!.txBytes]).toEqual([left!.rxPackets, left!.rxBytes]);
  expect([left!.txPackets, left!.txBytes]).toEqual([right!.rxPackets, right!.rxBytes]);
  expect(summary.seconds).toBeCloseTo((summary.last.time - samples[0]!.time) / 1000, 1);
  const frames = summary.audits.reduce((sum, audit) => sum + audit.frames, 0);
  expect(summary.last.workers.reduce((sum, worker) => sum + worker.frames, 0)).toBe(frames);
});

test('an error is a line with its code, on standard output, and nothing else', async () => {
  const { status, stdout, stderr } = await bed.refused('port0', 'nope', '--json');
  expect({ status, stderr }).toEqual({ status: 1, stderr: '' });
  expect(jsonLines(stdout)).toEqual([
    {
      version: 1,
      type: 'error',
      code: 'XDP_ERR_NO_INTERFACE',
      message: expect.stringContaining('"nope"'),
      advice: expect.stringMatching(/port0.*port1/),
      call: expect.any(String),
      errno: 19,
      errnoName: 'ENODEV',
    },
  ]);
});

test.each([
  [['port0', 'port0']],
  [['port0', 'port1', '--workers', '0']],
  [['port0', 'port1', '--no-such-option']],
  [['port0']],
])('a usage error too: %j', async (args) => {
  const { status, stdout } = await bed.refused(...args, '--json');
  expect(status).toBe(2);
  expect(jsonLines(stdout)).toMatchObject([{ type: 'error', code: 'XDP_ERR_USAGE' }]);
});

test('an end by a failure is a line too', async () => {
  await using bridge = await bed.bridge();
  bed.lab.close();
  const { status, stdout, stderr } = await bridge.end(20_000);
  expect({ status, stderr }).toEqual({ status: 1, stderr: '' });
  expect(jsonLines(stdout).at(-1)).toMatchObject({ type: 'error', code: 'XDP_ERR_INTERFACE_GONE' });
});
