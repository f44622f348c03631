import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { COPY_BYTES, IPERF_SECONDS, PATIENCE } from './amounts.js';
import { badChecksums, HiddenHosts } from './hidden-hosts.js';
import { jsonLines, samplesOf } from './json-lines.js';
import { Running, run } from './running.js';
import { PORTS, RunningBridge, TestBed } from './test-bed.js';
import { needTools } from './tools.js';
import { copyOverTcp, iperfTcp, iperfUdp, pingAll } from './traffic.js';

/** The MTU, and the largest payload of an echo request in it. */
const MTU = 9000;
const LARGEST = { v4: MTU - 28, v6: MTU - 48 } as const;

const table = [
  { mode: 'native', shape: [4, 2] },
  { mode: 'generic', shape: [1, 1] },
] as const;

describe.each(table)('an MTU of 9000, $mode mode, $shape.0 and $shape.1 queues', ({ mode, shape }) => {
  let bed: TestBed;
  let bridge: RunningBridge;
  let before: object;
  const target = () => ({ netns: bed.hosts[1], address: bed.addresses[1].v4 });

  beforeAll(async () => {
    bed = new TestBed(shape, { mtu: MTU });
    before = bed.state();
    bridge = await bed.bridge('--mode', mode, '--interval', '100ms');
  });
  afterAll(async () => {
    await bridge?.[Symbol.asyncDispose]();
    bed?.close();
  });

  test.for(['v4', 'v6'] as const)('packets of all sizes in one piece, both ways, IP%s', async (family, context) => {
    needTools(context, 'ping');
    const [left, right] = bed.hosts;
    // Up to 3818 bytes of MTU a packet lies in one frame, and in two up to 7658.
    for (const bytes of [LARGEST[family], 8000, 7638, 4000, 3700, 56]) {
      const options = ['-s', `${bytes}`, '-M', 'do'];
      await pingAll(left, bed.addresses[1][family], 5, { options });
      await pingAll(right, bed.addresses[0][family], 5, { options });
    }
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
    'iperf3 over UDP in datagrams of 8900 bytes at 100 Mbit/s, none lost',
    async (context) => {
      needTools(context, 'iperf3');
      const options = ['-b', '100M', '-l', '8900', '-t', `${IPERF_SECONDS}`];
      const { packets, lost } = await iperfUdp(bed.hosts[0], target(), ...options);
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

  test('it says so, every frame is accounted for, and everything is given back', async () => {
    expect(bed.programs()).toMatchObject([{ mode }, { mode }]);
    expect(jsonLines(`${bridge.stdout.split('\n')[0]}\n`)).toMatchObject([{ type: 'start', frameSize: 4096 }]);
    expect(samplesOf(bridge.stdout)[0]!.ports).toMatchObject([
      { mode, multiBuffer: true, busyPoll: false },
      { mode, multiBuffer: true, busyPoll: false },
    ]);
    const { last } = await bridge.stop();
    for (const { total } of last.ports) {
      expect(total.tooManyFragments).toBe(0);
      // Packets are far larger than a host's usual ones: the bytes tell that these were not cut up on the way.
      expect(total.rxBytes / total.rxPackets).toBeGreaterThan(100);
    }
    expect(last.ports[0]!.total.txBytes).toBeGreaterThan(0);
    expect(bed.state()).toEqual(before);
  });
});

test('frames of a size that no page divides, with packets that lie in four of them', {
  timeout: PATIENCE,
}, async () => {
  using bed = new TestBed([1, 1], { mtu: MTU });
  await using bridge = await bed.bridge('--frame-size', '3000');
  const to = { netns: bed.hosts[1], address: bed.addresses[1].v4 };
  await pingAll(bed.hosts[0], to.address, 10, { options: ['-s', `${LARGEST.v4}`, '-M', 'do'] });
  const { sent, received } = await copyOverTcp(bed.hosts[0], to, 16 << 20);
  expect(received).toBe(sent);
  const { last } = await bridge.stop();
  expect(last.ports).toMatchObject([
    { multiBuffer: true, zeroCopy: false },
    { multiBuffer: true, zeroCopy: false },
  ]);
  const { status, stdout } = await bed.refused(...PORTS, '--frame-size', '3000', '--zero-copy', 'on', '--json');
  expect(status).toBe(2);
  expect(jsonLines(stdout)).toMatchObject([
    { type: 'error', code: 'XDP_ERR_USAGE', message: expect.stringMatching(/3000 bytes cross pages/) },
  ]);
});

describe.each(['native', 'generic'])('hosts that leave checksums to hardware, an MTU of 9000, %s mode', (mode) => {
  test.for(['v4', 'v6'] as const)(
    'checksums of datagrams in several frames are completed, IP%s',
    { timeout: PATIENCE },
    async (family, context) => {
      needTools(context, 'unshare', 'ping', 'iperf3');
      await using bed = await HiddenHosts.open({ mtu: MTU });
      await using bridge = new RunningBridge([...PORTS, '--mode', mode], { netns: bed.netns });
      await bridge.started();
      const to = { netns: bed.hosts[1], address: bed.addresses[1][family] };
      await pingAll(bed.hosts[0], to.address, 10);
      const { packets, lost } = await iperfUdp(bed.hosts[0], to, '-b', '100M', '-l', '8901', '-t', '1');
      expect(packets).toBeGreaterThan(100);
      expect(lost).toBe(0);
      if (mode === 'native') {
        const { sent, received } = await copyOverTcp(bed.hosts[0], to, 4 << 20);
        expect(received).toBe(sent);
      }
      expect(await badChecksums(bed.hosts[1])).toBe(0);
      const { last } = await bridge.stop();
      expect(last.ports[0]!.total.checksumsCompleted).toBeGreaterThanOrEqual(packets);
    },
  );
});

test('segments that a sender left to hardware are not sent on: they are dropped, and counted', async (context) => {
  needTools(context, 'unshare', 'iperf3');
  await using bed = await HiddenHosts.open({ mtu: MTU });
  await using bridge = new RunningBridge([...PORTS, '--mode', 'generic'], { netns: bed.netns });
  await bridge.started();
  await using server = new Running(['iperf3', '-s', '-1', '--forceflush'], { netns: bed.hosts[1] });
  await server.says(/listening/);
  // It may hardly get anywhere, so it is ended.
  await run(['timeout', '3', 'iperf3', '-c', bed.addresses[1].v4, '-t', '1'], { netns: bed.hosts[0] });
  const { last } = await bridge.stop();
  expect(last.ports[0]!.total.tooManyFragments).toBeGreaterThan(0);
});
