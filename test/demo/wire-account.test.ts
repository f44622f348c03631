// needs: ip, ping
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { lostNothing, readWire } from '../../dist/demo/wire-account.js';
import { createLab, type Lab } from '../../dist/netdev/index.js';
import { Bridge } from '../../dist/pipeline/index.js';

const PORTS = ['port0', 'port1'];
let lab: Lab;
let netns: string;
let hosts: string[];
beforeEach(() => {
  lab = createLab('wire');
  netns = lab.namespace('bridge');
  hosts = PORTS.map((name, i) => {
    return lab.host(`host${i}`, { addresses: [`10.12.0.${i + 1}/24`], port: { name, netns } }).netns;
  });
});
afterEach(() => lab.close());

const inHost = (host: string, ...command: string[]) =>
  promisify(execFile)('ip', ['netns', 'exec', host, ...command], { timeout: 15_000 });
/** Packets that were answered. */
async function ping(count: number): Promise<number> {
  const command = inHost(hosts[0]!, 'ping', '-q', '-i', '0.1', '-W', '1', '-c', `${count}`, '10.12.0.2');
  const { stdout } = await command.catch((error: { stdout: string }) => error);
  return Number(/(\d+) received/.exec(stdout)![1]);
}

test('a host that keeps silent has lost nothing on the way, and the account says so', async () => {
  await using bridge = await Bridge.open({ interfaces: PORTS, netns });
  expect(await ping(3)).toBe(3);
  const before = await readWire(bridge, hosts);
  await inHost(hosts[1]!, 'sh', '-c', 'echo 1 > /proc/sys/net/ipv4/icmp_echo_ignore_all');
  expect(await ping(3)).toBe(0);
  expect(lostNothing(before, await readWire(bridge, hosts))).toBe(true);
});

test('what a bridge drops is lost', async () => {
  await using bridge = await Bridge.open({
    interfaces: PORTS,
    netns,
    callback: new URL('./callback-drops-icmp.mjs', import.meta.url),
  });
  const before = await readWire(bridge, hosts);
  expect(await ping(3)).toBe(0);
  expect(lostNothing(before, await readWire(bridge, hosts))).toBe(false);
});

test('what a host sends and no port takes in is lost', async () => {
  await using bridge = await Bridge.open({ interfaces: PORTS, netns });
  expect(await ping(3)).toBe(3);
  const before = await readWire(bridge, hosts);
  // One frame more than was taken in: as if it had got lost on the way to the port.
  const after = await readWire(bridge, hosts);
  const more = { ...after, sent: after.sent.map((frames, i) => frames + (i === 1 ? 1 : 0)) };
  expect(lostNothing(before, after)).toBe(true);
  expect(lostNothing(before, more)).toBe(false);
});
