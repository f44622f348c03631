import { readdirSync, writeFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { Device, recoverOffloads } from '../../dist/device/index.js';
import { createLab, getFeatures, type Lab } from '../../dist/netdev/index.js';
import { runInNamespace, withNamespace } from '../../dist/sys/index.js';
import { failOnLeaks } from '../netdev/oracle.js';

failOnLeaks();
const DIRECTORY = '/run/xdpkit/offloads';
let lab: Lab;
let netns: string;
beforeAll(() => {
  lab = createLab('journal');
  netns = lab.namespace('bridge');
  for (const i of [0, 1]) lab.host(`host${i}`, { port: { name: `port${i}`, netns } });
});
afterAll(() => lab.close());

test('many opens and closes at once do not take one another for dead', async () => {
  const before = [0, 1].map((i) => Object.fromEntries(getFeatures(`port${i}`, { netns })));
  const module = new URL('./open-and-close.mjs', import.meta.url);
  const rounds = 15;
  const racing = [0, 1].map((i) =>
    runInNamespace<string[]>({ netns, module, name: 'openAndClose', args: [`port${i}`, rounds] }),
  );
  const recovered = new Set<string>();
  const done = Promise.all(racing);
  let running = true;
  void done.finally(() => {
    running = false;
  });
  while (running) {
    for (const name of withNamespace<string[]>(netns, () => recoverOffloads())) recovered.add(name);
    await sleep(1);
  }
  expect((await done).flat()).toEqual([]);
  expect([...recovered]).toEqual([]);
  expect([0, 1].map((i) => Object.fromEntries(getFeatures(`port${i}`, { netns })))).toEqual(before);
});

test('a journal that says nothing is cleared away', () => {
  const name = `${process.pid}-empty.json`;
  using device = Device.open('port0', { capacity: 1792, netns });
  writeFileSync(`${DIRECTORY}/${name}`, '{"home":');
  withNamespace<string[]>(netns, () => recoverOffloads());
  expect(readdirSync(DIRECTORY)).not.toContain(name);
  expect(device.mode).toBe('native');
});
