import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { createLab, getLink } from '../../dist/netdev/index.js';
import { cidCodec, openSteering, type SteeringEvent } from '../../dist/quic/index.js';
import { FarEnd } from '../kernel/far-end.js';
import { failOnLeaks } from '../netdev/oracle.js';
import { isWhole } from './backend-bed.js';

failOnLeaks();
const MODULE = new URL('./counting-backend.mjs', import.meta.url);

function shortFrame(backend: number): Uint8Array {
  const frame = new Uint8Array(80);
  frame.set([2, 0, 0, 0, 0, 2, 2, 0, 0, 0, 0, 1, 0x08, 0x00]);
  frame.set([0x45, 0, 0, 66, 0, 0, 0, 0, 64, 17, 0, 0, 10, 0, 0, 1, 10, 0, 0, 2], 14);
  frame.set([0x30, 0x39, 4433 >> 8, 4433 & 255, 0, 46, 0, 0], 34);
  frame.set([0x40, 1, 0, backend >> 8, backend & 255, 7, 7, 7, 7], 42);
  return frame;
}

test('a backend whose thread dies is removed, its frames are found, and another one takes its place', async () => {
  using lab = createLab('threads');
  const [netns, farNetns] = [lab.namespace('near'), lab.namespace('far')];
  lab.veth({ name: 'port0', netns, peer: { name: 'eth0', netns: farNetns } });
  using far = new FarEnd(getLink('eth0', { netns: farNetns }).index, farNetns);
  const events: SteeringEvent[] = [];
  const words = () => new SharedArrayBuffer(8);
  const [first, second] = [words(), words()];
  const steered = await openSteering('port0', {
    codec: cidCodec({ codec: 'cidv1' }),
    ports: [4433],
    netns,
    backends: [
      { id: 1, module: MODULE, data: { words: first } },
      { id: 2, module: MODULE, data: { words: second } },
    ],
    onEvent: (event) => events.push(event),
  });
  const counted = (memory: SharedArrayBuffer) => Atomics.load(new Int32Array(memory), 0);
  const local = steered.openBackend({ id: 3 });
  let own = 0;
  local.onPacket(() => {
    own++;
    return -1;
  });
  for (let i = 0; i < 100; i++) for (const id of [1, 2, 3]) far.send(shortFrame(id));
  await expect.poll(() => [counted(first), counted(second), own]).toEqual([100, 100, 100]);

  Atomics.store(new Int32Array(first), 1, 1);
  for (let i = 0; i < 50; i++) far.send(shortFrame(1));
  await expect.poll(() => events).toMatchObject([{ type: 'backend-failed', id: 1 }]);
  expect(steered.sample().backends.map(({ id }) => id)).toEqual([2, 3]);
  for (let i = 0; i < 100; i++) far.send(shortFrame(2));
  await expect.poll(() => counted(second)).toBeGreaterThanOrEqual(200);

  const third = words();
  await steered.add({ id: 1, module: MODULE, data: { words: third } });
  for (let i = 0; i < 100; i++) far.send(shortFrame(1));
  await expect.poll(() => counted(third)).toBe(100);

  await expect(steered.add({ id: 1, module: MODULE })).rejects.toMatchObject({ code: 'XDP_ERR_USAGE' });
  await expect(steered.add({ id: 4 })).rejects.toMatchObject({ code: 'XDP_ERR_USAGE' });
  const missing = fileURLToPath(new URL('./there-is-none.mjs', import.meta.url));
  await expect(steered.add({ id: 4, module: missing })).rejects.toMatchObject({ code: 'XDP_ERR_WORKER' });
  expect(await steered.close()).toSatisfy((accounts) => isWhole(accounts, 1));
});
