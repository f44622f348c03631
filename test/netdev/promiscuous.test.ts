// needs: ip
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createLab, deleteLink, getLink, type Lab, PromiscuousMode } from '../../dist/netdev/index.js';
import { failOnLeaks, ip } from './oracle.js';

let lab: Lab;
let netns: string;
const promiscuity = () => getLink('p0', { netns }).promiscuity;

beforeAll(() => {
  lab = createLab('promisc');
  netns = lab.namespace('host');
  lab.veth({ name: 'p0', netns, peer: { name: 'p1', netns } });
});
afterAll(() => lab.close());
failOnLeaks();

test('is counted, holder by holder', () => {
  const first = new PromiscuousMode('p0', { netns });
  const second = new PromiscuousMode('p0', { netns });
  expect(promiscuity()).toBe(2);
  expect(ip('link show p0', netns)[0].promiscuity).toBe(2);
  first.close();
  first.close();
  expect(promiscuity()).toBe(1);
  second.close();
  expect(promiscuity()).toBe(0);
});

test('is gone after its process was killed', async () => {
  const module = new URL('../../dist/netdev/index.js', import.meta.url);
  const script = `import { PromiscuousMode } from '${module}';
    globalThis.held = new PromiscuousMode('p0', { netns: '${netns}' });
    process.stdout.write('held');
    setInterval(() => {}, 1000);`;
  const child = spawn(process.execPath, ['--input-type=module', '-e', script], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  try {
    await once(child.stdout, 'data');
    expect(promiscuity()).toBe(1);
  } finally {
    child.kill('SIGKILL');
    await once(child, 'exit');
  }
  expect(promiscuity()).toBe(0);
});

test('does not mind that the interface goes first', () => {
  lab.veth({ name: 'g0', netns, peer: { name: 'g1', netns } });
  const held = new PromiscuousMode('g0', { netns });
  deleteLink('g0', { netns });
  held.close();
});

test('of no interface at all', () => {
  expect(() => new PromiscuousMode('nope', { netns })).toThrow(
    expect.objectContaining({ code: 'XDP_ERR_NO_INTERFACE' }),
  );
});
