import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { COPY_BYTES, IPERF_SECONDS, PATIENCE, PING_INTERVAL, PINGS } from './amounts.js';
import { type RunningBridge, type Shape, TestBed } from './test-bed.js';
import { needTools } from './tools.js';
import { copyOverTcp, iperfTcp, iperfUdp, pingAll } from './traffic.js';

const shapes: readonly Shape[] = [
  [1, 1],
  [4, 4],
  [4, 1],
];
const table = shapes.flatMap((shape) => ['native', 'generic'].map((mode) => ({ shape, mode })));

describe.each(table)('$shape.0 and $shape.1 queues, $mode mode', ({ shape, mode }) => {
  let bed: TestBed;
  let bridge: RunningBridge;
  let before: object;
  const target = () => ({ netns: bed.hosts[1], address: bed.addresses[1].v4 });

  beforeAll(async () => {
    bed = new TestBed(shape);
    before = bed.state();
    bridge = await bed.bridge('--mode', mode);
  });
  afterAll(async () => {
    await bridge?.[Symbol.asyncDispose]();
    bed?.close();
  });

  test.for(['v4', 'v6'] as const)(
    `${PINGS} pings by IP%s, none lost`,
    { timeout: PATIENCE },
    async (family, context) => {
      needTools(context, 'ping');
      await pingAll(bed.hosts[0], bed.addresses[1][family], PINGS, { interval: PING_INTERVAL });
      await pingAll(bed.hosts[1], bed.addresses[0][family], 20);
    },
  );

  test('the largest packets, both families and both ways', async (context) => {
    needTools(context, 'ping');
    const largest = (bytes: number) => ({ options: ['-s', `${bytes}`, '-M', 'do'] });
    const [left, right] = bed.hosts;
    await pingAll(left, bed.addresses[1].v4, 10, largest(1472));
    await pingAll(left, bed.addresses[1].v6, 10, largest(1452));
    await pingAll(right, bed.addresses[0].v4, 10, largest(1472));
    await pingAll(right, bed.addresses[0].v6, 10, largest(1452));
  });

  test(
    'iperf3 over TCP',
    async (context) => {
      needTools(context, 'iperf3');
      expect(await iperfTcp(bed.hosts[0], target(), '-t', `${IPERF_SECONDS}`)).toBeGreaterThan(0);
    },
    PATIENCE,
  );

  test(
    'iperf3 over UDP at 100 Mbit/s, no datagram lost',
    async (context) => {
      needTools(context, 'iperf3');
      const { packets, lost } = await iperfUdp(bed.hosts[0], target(), '-b', '100M', '-t', `${IPERF_SECONDS}`);
      expect(packets).toBeGreaterThan(100);
      expect(lost).toBe(0);
    },
    PATIENCE,
  );

  test(
    `a copy of ${COPY_BYTES >> 20} MiB over TCP has the same SHA-256 at both ends`,
    async () => {
      const { sent, received } = await copyOverTcp(bed.hosts[0], target(), COPY_BYTES);
      expect(sent).toMatch(new RegExp(`^${COPY_BYTES} [0-9a-f]{64}$`));
      expect(received).toBe(sent);
    },
    PATIENCE,
  );

  test('every frame was in the mode asked for, is accounted for, and everything is given back', async () => {
    expect(bed.programs()).toMatchObject([{ mode }, { mode }]);
    const { last } = await bridge.stop();
    expect(last.ports.map(({ mode: got, queues }) => ({ got, queues: queues.length }))).toEqual([
      { got: mode, queues: shape[0] },
      { got: mode, queues: shape[1] },
    ]);
    for (const { total } of last.ports) {
      // TCP finds its speed by losing packets: the kernel may have had no frame for one. None may be too long for a frame.
      expect(total.kernelRxDropped).toBeLessThanOrEqual(total.kernelFillRingEmpty);
    }
    expect(bed.state()).toEqual(before);
  });
});
