// needs: ip
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { deleteLink, getLink, setLink } from '../../dist/netdev/index.js';
import { patient } from '../patience.js';
import { jsonLines } from './json-lines.js';
import { run, XDPKIT } from './running.js';
import { journalsOf, TestBed } from './test-bed.js';
import { pingAll, pingOn } from './traffic.js';

let bed: TestBed;
beforeEach(() => {
  bed = new TestBed([2, 2]);
});
afterEach(() => bed.close());

const ways: readonly (readonly [what: string, gone: string, run: () => void])[] = [
  ['the first one', 'port0', () => deleteLink('port0', { netns: bed.netns })],
  ['the second one', 'port1', () => deleteLink('port1', { netns: bed.netns })],
  ['by the deletion of its veth peer', 'port1', () => deleteLink('eth0', { netns: bed.hosts[1] })],
  [
    'by being moved to another namespace',
    'port0',
    () => setLink('port0', { moveTo: bed.hosts[1] }, { netns: bed.netns }),
  ],
];

test.each(ways)('an interface that goes away under traffic ends the bridge: %s', async (_, gone, remove) => {
  await using bridge = await bed.bridge();
  await using _traffic = pingOn(bed.hosts[0], bed.addresses[1].v4);
  await sleep(200);
  remove();
  const { status, stdout, stderr } = await bridge.end(20_000);
  expect({ status, stderr }).toEqual({ status: 1, stderr: '' });
  expect(jsonLines(stdout).at(-1)).toMatchObject({
    type: 'error',
    code: 'XDP_ERR_INTERFACE_GONE',
    message: expect.stringContaining(gone),
  });
  expect(journalsOf(bridge.pid)).toEqual([]);
  const other = gone === 'port0' ? 'port1' : 'port0';
  expect(getLink(other, { netns: bed.netns })).toMatchObject({ xdp: [], promiscuity: 0 });
});

test('people are told in one line', async () => {
  const started = run([...XDPKIT, 'bridge', 'port0', 'port1'], { netns: bed.netns }, 10_000);
  const end = performance.now() + patient(5_000);
  while (bed.programs().length < 2 && performance.now() < end) await sleep(20);
  deleteLink('port1', { netns: bed.netns });
  const { status, stderr } = await started;
  expect(status).toBe(1);
  expect(stderr).toMatch(/error: port1 went away.*\[XDP_ERR_INTERFACE_GONE]/);
  expect(stderr).not.toContain('    at ');
});

test('an interface that only goes down and up again is bridged on', async () => {
  await bed.introduce();
  await using bridge = await bed.bridge();
  await pingAll(bed.hosts[0], bed.addresses[1].v4, 5);
  setLink('port1', { up: false }, { netns: bed.netns });
  await sleep(700);
  setLink('port1', { up: true }, { netns: bed.netns });
  await sleep(300);
  await pingAll(bed.hosts[0], bed.addresses[1].v4, 20);
  await bridge.stop();
});
