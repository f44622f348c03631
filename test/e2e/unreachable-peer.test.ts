import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { getLink } from '../../dist/netdev/index.js';
import { patient } from '../patience.js';
import { badChecksums, HiddenHosts } from './hidden-hosts.js';
import { jsonLines, samplesOf } from './json-lines.js';
import { Running, run, succeed } from './running.js';
import { PORTS, RunningBridge } from './test-bed.js';
import { needTools, PYTHON } from './tools.js';
import { copyOverTcp, iperfUdp, pingAll, untilTrue } from './traffic.js';

let bed: HiddenHosts;
beforeEach(async (context) => {
  needTools(context, 'unshare', 'ping', 'ethtool');
  bed = await HiddenHosts.open();
});
afterEach(() => bed?.[Symbol.asyncDispose]());

const completed = (text: string) =>
  samplesOf(text)
    .at(-1)
    ?.ports.map(({ total }) => total.checksumsCompleted) ?? [];

describe.each(['native', 'generic'])('%s mode', (mode) => {
  let bridge: RunningBridge;
  beforeEach(async () => {
    bridge = new RunningBridge([...PORTS, '--mode', mode, '--interval', '100ms'], { netns: bed.netns });
    await bridge.started();
  });
  afterEach(() => bridge?.[Symbol.asyncDispose]());

  test('a notice says that the peer is out of reach', () => {
    const [start] = jsonLines(`${bridge.stdout.split('\n')[0]}\n`);
    const { interfaces } = start as unknown as { interfaces: { notices: string[] }[] };
    for (const { notices } of interfaces) {
      expect(notices).toContainEqual(
        expect.stringMatching(/^port\d: its veth peer is out of reach; checksums are completed/),
      );
    }
  });

  test.for(['v4', 'v6'] as const)(
    'UDP datagrams get through with their checksums completed, IP%s',
    async (family, context) => {
      needTools(context, 'iperf3');
      const to = { netns: bed.hosts[1], address: bed.addresses[1][family] };
      await pingAll(bed.hosts[0], to.address, 10);
      const { packets, lost } = await iperfUdp(bed.hosts[0], to, '-b', '20M', '-t', '1');
      expect(packets).toBeGreaterThan(100);
      expect(lost).toBe(0);
      await untilTrue('both directions completed', () => completed(bridge.stdout).every((count) => count > 0));
      const { last } = await bridge.stop();
      expect(last.ports[0]!.total.checksumsCompleted).toBeGreaterThanOrEqual(packets);
      expect(await badChecksums(bed.hosts[1])).toBe(0);
    },
  );

  test.runIf(mode === 'generic')(
    'segments larger than a frame are lost: a notice says so, and they are counted',
    async (context) => {
      needTools(context, 'iperf3');
      expect(bridge.stdout.split('\n')[0]).toContain('segments larger than a frame, which are lost');
      await using server = new Running(['iperf3', '-s', '-1', '--forceflush'], { netns: bed.hosts[1] });
      await server.says(/listening/);
      // It may hardly get anywhere, so it is ended.
      await run(['timeout', '3', 'iperf3', '-c', bed.addresses[1].v4, '-t', '1'], { netns: bed.hosts[0] });
      const { last } = await bridge.stop();
      expect(last.ports[0]!.total.kernelRxDropped).toBeGreaterThan(0);
    },
  );

  // In native mode veth has its peer make segments that fit.
  test.runIf(mode === 'native').for(['v4', 'v6'] as const)(
    'a copy over TCP gets through, IP%s',
    { timeout: patient(12_000) },
    async (family) => {
      const to = { netns: bed.hosts[1], address: bed.addresses[1][family] };
      const { sent, received } = await copyOverTcp(bed.hosts[0], to, 2 << 20);
      expect(received).toBe(sent);
      await untilTrue('both directions completed', () => completed(bridge.stdout).every((count) => count > 0));
      const { last } = await bridge.stop();
      expect(last.ports.map(({ total }) => total.kernelRxDropped)).toEqual([0, 0]);
      expect(PORTS.flatMap((name) => getLink(name, { netns: bed.netns }).xdp)).toEqual([]);
    },
  );

  test('a datagram larger than a frame arrives in its fragments', async () => {
    const server = `
import socket
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.bind(('0.0.0.0', 7001))
print('bound', flush=True)
data = s.recv(65536)
print(len(data), data == bytes(range(250)) * 24)`;
    await using receiver = new Running([PYTHON, '-c', server], { netns: bed.hosts[1] });
    await receiver.says(/bound/);
    const client = `
import socket
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.sendto(bytes(range(250)) * 24, ('${bed.addresses[1].v4}', 7001))`;
    await succeed([PYTHON, '-c', client], { netns: bed.hosts[0] });
    expect((await receiver.end(20_000)).stdout).toBe('bound\n6000 True\n');
  });
});
