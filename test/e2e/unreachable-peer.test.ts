import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { createLab, getLink, type Lab } from '../../dist/netdev/index.js';
import { jsonLines, samplesOf } from './json-lines.js';
import { Running, run, succeed } from './running.js';
import { PORTS, RunningBridge } from './test-bed.js';
import { needTools, PYTHON } from './tools.js';
import { copyOverTcp, iperfUdp, pingAll, untilTrue } from './traffic.js';

/**
 * Hosts that nothing on this machine leads to: their namespaces are held only by a mount outside /run/netns, with no
 * process inside, as those of containers of another runtime are.
 */
let lab: Lab;
let directory: string;
let netns: string;
let hosts: string[];
const addresses = [
  { v4: '10.9.0.1', v6: '2001:db8:9::1' },
  { v4: '10.9.0.2', v6: '2001:db8:9::2' },
] as const;

beforeEach(async (context) => {
  needTools(context, 'unshare', 'ping', 'ethtool');
  lab = createLab('hidden');
  netns = lab.namespace('bridge');
  directory = mkdtempSync(join(tmpdir(), 'xdpkit-e2e-'));
  hosts = [];
  for (const [i, { v4, v6 }] of addresses.entries()) {
    const file = join(directory, `host${i}`);
    await succeed(['touch', file]);
    await succeed(['unshare', `--net=${file}`, 'true']);
    hosts.push(file);
    const peer = { name: 'eth0', netns: file, addresses: [`${v4}/24`, `${v6}/64`] };
    lab.veth({ name: PORTS[i]!, netns, peer });
  }
});
afterEach(async () => {
  lab?.close();
  for (const file of hosts ?? []) await run(['umount', file]);
  if (directory !== undefined) rmSync(directory, { recursive: true });
});

const completed = (text: string) =>
  samplesOf(text)
    .at(-1)
    ?.ports.map(({ total }) => total.checksumsCompleted) ?? [];

describe.each(['native', 'generic'])('%s mode', (mode) => {
  let bridge: RunningBridge;
  beforeEach(async () => {
    bridge = new RunningBridge([...PORTS, '--mode', mode, '--interval', '100ms'], { netns });
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
      const to = { netns: hosts[1]!, address: addresses[1][family] };
      await pingAll(hosts[0]!, to.address, 10);
      const { packets, lost } = await iperfUdp(hosts[0]!, to, '-b', '20M', '-t', '1');
      expect(packets).toBeGreaterThan(100);
      expect(lost).toBe(0);
      await untilTrue('both directions completed', () => completed(bridge.stdout).every((count) => count > 0));
      const { last } = await bridge.stop();
      expect(last.ports[0]!.total.checksumsCompleted).toBeGreaterThanOrEqual(packets);
      expect(await bad(hosts[1]!)).toBe(0);
    },
  );

  test.runIf(mode === 'generic')(
    'segments larger than a frame are lost: a notice says so, and they are counted',
    async (context) => {
      needTools(context, 'iperf3');
      expect(bridge.stdout.split('\n')[0]).toContain('segments larger than a frame, which are lost');
      await using server = new Running(['iperf3', '-s', '-1', '--forceflush'], { netns: hosts[1]! });
      await server.says(/listening/);
      // It may hardly get anywhere, so it is ended.
      await run(['timeout', '3', 'iperf3', '-c', addresses[1].v4, '-t', '1'], { netns: hosts[0]! });
      const { last } = await bridge.stop();
      expect(last.ports[0]!.total.kernelRxDropped).toBeGreaterThan(0);
    },
  );

  // In native mode veth has its peer make segments that fit.
  test.runIf(mode === 'native').for(['v4', 'v6'] as const)(
    'a copy over TCP gets through, IP%s',
    { timeout: 12_000 },
    async (family) => {
      const to = { netns: hosts[1]!, address: addresses[1][family] };
      const { sent, received } = await copyOverTcp(hosts[0]!, to, 2 << 20);
      expect(received).toBe(sent);
      await untilTrue('both directions completed', () => completed(bridge.stdout).every((count) => count > 0));
      const { last } = await bridge.stop();
      expect(last.ports.map(({ total }) => total.kernelRxDropped)).toEqual([0, 0]);
      expect(PORTS.flatMap((name) => getLink(name, { netns }).xdp)).toEqual([]);
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
    await using receiver = new Running([PYTHON, '-c', server], { netns: hosts[1]! });
    await receiver.says(/bound/);
    const client = `
import socket
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.sendto(bytes(range(250)) * 24, ('${addresses[1].v4}', 7001))`;
    await succeed([PYTHON, '-c', client], { netns: hosts[0]! });
    expect((await receiver.end(20_000)).stdout).toBe('bound\n6000 True\n');
  });
});

/** Packets that a host dropped for a wrong checksum. */
async function bad(host: string): Promise<number> {
  const counters = await succeed(['cat', '/proc/net/snmp', '/proc/net/snmp6'], { netns: host });
  const [names = [], values = []] = counters
    .split('\n')
    .filter((line) => line.startsWith('Udp:'))
    .map((line) => line.split(' '));
  return Number(values[names.indexOf('InCsumErrors')]) + Number(/^Udp6InCsumErrors\s+(\d+)/m.exec(counters)?.[1]);
}
