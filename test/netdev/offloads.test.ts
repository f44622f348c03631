// needs: ip, ethtool, tcpdump
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { afterEach, beforeEach, expect, test } from 'vitest';
import {
  createLab,
  deleteLink,
  type FeatureChange,
  getFeatures,
  getLink,
  type Lab,
  quietOffloads,
  restoreFeatures,
  setFeatures,
} from '../../dist/netdev/index.js';
import { openNamespace } from '../../dist/sys/index.js';
import { ethtoolFeatures, failOnLeaks, run } from './oracle.js';
import { attachPass } from './xdp-program.js';

failOnLeaks();
let lab: Lab;
let host: string;
let bridge: string;

beforeEach(() => {
  lab = createLab('offloads');
  bridge = lab.namespace('bridge');
  host = lab.host('host', { port: { name: 'port0', netns: bridge } }).netns;
});
afterEach(() => lab.close());

const state = () => ({ host: ethtoolFeatures('eth0', host), bridge: ethtoolFeatures('port0', bridge) });
const active = (name: string, netns: string) =>
  [...getFeatures(name, { netns })].filter(([, feature]) => feature.active).map(([feature]) => feature);

test('quiet, and back to what ethtool showed before', () => {
  setFeatures('port0', { 'rx-gro': true }, { netns: bridge });
  setFeatures('eth0', { 'tx-udp-segmentation': false }, { netns: host });
  const before = state();
  const quiet = quietOffloads('port0', { netns: bridge });

  expect(quiet.refused).toEqual([]);
  expect(active('eth0', host).filter((name) => /^tx-(checksum|vlan)|segmentation/.test(name))).toEqual([]);
  expect(active('port0', bridge).filter((name) => /^rx-(gro|lro|vlan)/.test(name))).toEqual([]);
  const told = quiet.changes.map((change) => `${change.interface} ${change.feature}`);
  expect(told).toEqual(
    expect.arrayContaining(['eth0 tx-checksum-ip-generic', 'eth0 tx-vlan-hw-insert', 'port0 rx-gro']),
  );
  expect(told).not.toContain('eth0 tx-udp-segmentation');
  expect(quiet.changes[0]).toMatchObject({ netns: `/run/netns/${host}`, before: true });

  expect(quiet.restore()).toEqual([]);
  expect(state()).toEqual(before);
  // Only the first call does anything.
  setFeatures('port0', { 'rx-gro': false }, { netns: bridge });
  expect(quiet.restore()).toEqual([]);
  expect(getFeatures('port0', { netns: bridge }).get('rx-gro')?.active).toBe(false);
});

test('`using` gives everything back', () => {
  const before = state();
  {
    using quiet = quietOffloads('port0', { netns: bridge });
    expect(quiet.changes.length).toBeGreaterThan(10);
    expect(state()).not.toEqual(before);
  }
  expect(state()).toEqual(before);
});

test('the changes are plain data that another process can undo', () => {
  const before = state();
  const { changes } = quietOffloads('port0', { netns: bridge });
  const read = JSON.parse(JSON.stringify(changes)) as FeatureChange[];
  expect(read).toEqual(changes);
  const module = new URL('../../dist/netdev/index.js', import.meta.url);
  const script = `import { restoreFeatures } from '${module}';
    console.log(restoreFeatures(JSON.parse(process.argv[1])).length);`;
  const args = ['--input-type=module', '-e', script, JSON.stringify(changes)];
  expect(execFileSync(process.execPath, args, { encoding: 'utf8' }).trim()).toBe('0');
  expect(state()).toEqual(before);
});

test('an XDP program in between, and around', () => {
  const before = state();
  const { index } = getLink('port0', { netns: bridge });
  const quiet = quietOffloads('port0', { netns: bridge });
  attachPass(index, bridge, 4).close();
  expect(quiet.restore()).toEqual([]);
  expect(state()).toEqual(before);

  const late = quietOffloads('port0', { netns: bridge });
  using attached = attachPass(index, bridge, 4);
  // While the program is there, veth lets nobody switch its peer's segmentation: told, not thrown.
  expect(late.restore().map(({ feature }) => feature)).toContain('tx-tcp-segmentation');
  attached.close();
  expect(restoreFeatures(late.changes)).toEqual([]);
  expect(state()).toEqual(before);
});

test('the pair going away first', () => {
  const quiet = quietOffloads('port0', { netns: bridge });
  deleteLink('eth0', { netns: host });
  expect(quiet.restore()).toEqual([]);
});

test('the namespaces going away first', () => {
  const quiet = quietOffloads('port0', { netns: bridge });
  lab.close();
  expect(quiet.restore()).toEqual([]);
});

test('an interface of the same name but another number is left alone', () => {
  const quiet = quietOffloads('port0', { netns: bridge });
  deleteLink('port0', { netns: bridge });
  lab.veth({ name: 'port0', netns: bridge, peer: { name: 'eth1', netns: host } });
  setFeatures('port0', { 'rx-vlan-hw-parse': false }, { netns: bridge });
  expect(quiet.restore()).toEqual([]);
  expect(getFeatures('port0', { netns: bridge }).get('rx-vlan-hw-parse')?.active).toBe(false);
});

test('a peer that nobody can reach is told', () => {
  // The namespace loses its name, and a descriptor keeps it alive unseen.
  const hidden = lab.namespace('hidden');
  lab.veth({ name: 'port1', netns: bridge, peer: { name: 'h0', netns: hidden } });
  using _held = openNamespace(hidden);
  run(`ip netns delete ${hidden}`);
  const quiet = quietOffloads('port1', { netns: bridge });
  expect(quiet.refused).toEqual([expect.objectContaining({ interface: 'port1', reason: 'unreachable peer' })]);
  quiet.restore();
});

test('a tap has no peer', () => {
  run(`ip -n ${bridge} tuntap add dev tap0 mode tap`);
  using quiet = quietOffloads('tap0', { netns: bridge });
  expect(quiet.refused.filter(({ reason }) => reason === 'unreachable peer')).toEqual([]);
});

test('a quiet sender fills its checksums in', async () => {
  run(`ip -n ${host} addr add 10.9.0.1/24 dev eth0`);
  run(`ip -n ${host} neigh add 10.9.0.2 lladdr 02:00:00:00:00:02 dev eth0`);
  expect(await checksumSeen()).toContain('bad udp cksum');
  using _quiet = quietOffloads('port0', { netns: bridge });
  expect(await checksumSeen()).toContain('udp sum ok');
});

/** What tcpdump says of a datagram that arrives at port0. */
async function checksumSeen(): Promise<string> {
  const tcpdump = spawn('ip', ['netns', 'exec', bridge, 'tcpdump', '-vv', '-n', '-c', '1', '-i', 'port0', 'udp']);
  const exit = once(tcpdump, 'exit');
  let text = '';
  tcpdump.stdout.on('data', (data) => {
    text += data;
  });
  const listening = new Promise<void>((resolve) => {
    tcpdump.stderr.on('data', (data) => String(data).includes('listening') && resolve());
  });
  await Promise.race([listening, exit]);
  execFileSync('ip', ['netns', 'exec', host, 'bash', '-c', 'echo hello > /dev/udp/10.9.0.2/42']);
  await exit;
  return text;
}
