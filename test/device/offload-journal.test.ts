import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, statSync, unlinkSync, writeFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
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
  const rounds = 8;
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

test('a journal of a namespace that is gone is not taken for one of its successor', async () => {
  const make = (label: string) => {
    const made = createLab(label);
    const where = made.namespace('bridge');
    made.host('host', { port: { name: 'port0', netns: where } });
    return { made, where, inode: statSync(`/run/netns/${where}`).ino };
  };
  const first = make('gone');
  const holder = fileURLToPath(new URL('./device-holder.mjs', import.meta.url));
  const child = spawn(process.execPath, [holder, first.where, 'port0'], { stdio: ['ignore', 'pipe', 'inherit'] });
  const ended = once(child, 'exit');
  try {
    await once(child.stdout, 'data');
  } finally {
    child.kill('SIGKILL');
    await ended;
    first.made.close();
  }
  // Namespaces are taken apart in the kernel's own time; then their inode numbers come back.
  await sleep(300);
  const successors: ReturnType<typeof make>[] = [];
  try {
    for (let i = 0; i < 5 && successors.at(-1)?.inode !== first.inode; i++) successors.push(make(`next${i}`));
    for (const { where } of successors) expect(withNamespace<string[]>(where, () => recoverOffloads())).toEqual([]);
  } finally {
    for (const { made } of successors) made.close();
    for (const name of readdirSync(DIRECTORY)) if (name.startsWith(`${child.pid}-`)) unlinkSync(`${DIRECTORY}/${name}`);
  }
});
