// needs: ip, ping
import { execFileSync, spawnSync } from 'node:child_process';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, test } from 'vitest';
import {
  createLab,
  deleteNamespace,
  getLink,
  listLinks,
  listNamespaces,
  listStaleLabs,
  removeStaleLabs,
} from '../../dist/netdev/index.js';
import { failOnLeaks, ip, run } from './oracle.js';

failOnLeaks();
const ours = () => listNamespaces().filter((name) => name.startsWith(`xdpkit-${process.pid}-`));

test('two hosts on a pair talk, over IPv4 and IPv6', () => {
  using lab = createLab('talk');
  const right = lab.namespace('right');
  const { netns } = lab.host('left', {
    addresses: ['10.9.0.1/24', '2001:db8::1/64'],
    queues: 2,
    mac: '02:00:00:00:00:01',
    mtu: 1400,
    port: { name: 'port0', netns: right, queues: 4 },
  });
  run(`ip -n ${right} addr add 10.9.0.2/24 dev port0`);
  run(`ip -n ${right} addr add 2001:db8::2/64 dev port0 nodad`);
  run('ping -c 1 -W 2 10.9.0.2', netns);
  run('ping -c 1 -W 2 2001:db8::2', netns);
  run('ping -c 1 -W 2 127.0.0.1', netns);
  expect(getLink('eth0', { netns })).toMatchObject({ mac: '02:00:00:00:00:01', mtu: 1400, queues: 2, state: 'up' });
  expect(getLink('port0', { netns: right }).queues).toBe(4);
});

test('a namespace is made once for its label', () => {
  using lab = createLab('once');
  expect(lab.namespace('a')).toBe(lab.namespace('a'));
  expect(lab.namespace('b')).not.toBe(lab.namespace('a'));
  using other = createLab('once');
  expect(other.namespace('a')).not.toBe(lab.namespace('a'));
  expect(ours()).toHaveLength(3);
});

test('hosts without an IPv6 address say nothing', async () => {
  using lab = createLab('silent');
  const bridge = lab.namespace('bridge');
  const { netns } = lab.host('host', { addresses: ['10.9.0.1/24'], port: { name: 'port0', netns: bridge } });
  await sleep(1_500);
  for (const [name, where] of [
    ['eth0', netns],
    ['port0', bridge],
  ]) {
    const [{ stats64 }] = ip(`-s link show ${name}`, where);
    expect([stats64.rx.packets, stats64.tx.packets]).toEqual([0, 0]);
  }
});

test('leaves nothing, in this namespace neither', () => {
  const before = listLinks().map(({ name }) => name);
  const lab = createLab('clean');
  lab.veth({ name: 'labclean0', peer: { name: 'in', netns: lab.namespace('a') } });
  lab.host('b', { port: { name: 'labclean1' } });
  expect(listLinks().map(({ name }) => name)).toEqual(expect.arrayContaining(['labclean0', 'labclean1']));
  lab.close();
  lab.close();
  const now = listLinks().map(({ name }) => name);
  expect(now.filter((name) => name.startsWith('labclean'))).toEqual([]);
  expect(before).toContain('lo');
  expect(ours()).toEqual([]);
  expect(() => lab.namespace('c')).toThrow(expect.objectContaining({ code: 'XDP_ERR_CLOSED' }));
});

test('closes though parts of it are gone already', () => {
  const lab = createLab('partial');
  const a = lab.namespace('a');
  lab.host('b', { port: { name: 'port0', netns: a } });
  run(`ip -n ${a} link del port0`);
  deleteNamespace(a);
  lab.close();
  expect(ours()).toEqual([]);
});

test('what a killed process leaves is found and removed', () => {
  const module = new URL('../../dist/netdev/index.js', import.meta.url);
  const script = `import { createLab } from '${module}';
    console.log(createLab('stale').namespace('a'));
    process.kill(process.pid, 'SIGKILL');`;
  const child = spawnSync(process.execPath, ['--input-type=module', '-e', script], { encoding: 'utf8' });
  expect(child.signal).toBe('SIGKILL');
  const name = child.stdout.trim();
  using lab = createLab('alive');
  const alive = lab.namespace('a');
  expect(listStaleLabs()).toContain(name);
  expect(listStaleLabs()).not.toContain(alive);
  expect(removeStaleLabs()).toContain(name);
  expect(execFileSync('ip', ['netns', 'list'], { encoding: 'utf8' })).not.toContain(name);
  expect(listNamespaces()).toContain(alive);
});
