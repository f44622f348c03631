// needs: ip, ping, nsenter
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { LiveBed } from './live-bed.js';

let live: LiveBed;
let folder: string;
const callback = (body: string) => writeFileSync(join(folder, 'callback.mjs'), body);
const PASS = 'export default (packet, ingress) => 1 - ingress;\n';
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'xdpkit-callback-'));
  callback(PASS);
  live = await LiveBed.open('--callback', join(folder, 'callback.mjs'));
});
afterAll(async () => {
  await live?.[Symbol.asyncDispose]();
  rmSync(folder, { recursive: true });
});

const answers = async (count = 5) => (await live.ping(count)).answered.length;

test('what comes from or goes to an address of the drop set does not arrive', async () => {
  const dropped = Number(await live.value('if.stats', 'drop'));
  expect(await answers()).toBe(5);
  await live.say('00:23:7d:86:71:ff drop.hash.insert');
  expect(await answers()).toBe(5);
  await live.say(`${live.macs[1]} drop.hash.insert`);
  expect(await live.say('drop.hash.show')).toEqual(
    ['00:23:7d:86:71:ff Hewlett Packard', `${live.macs[1]} (locally administered)`].sort(),
  );
  expect(await answers()).toBe(0);
  expect(Number(await live.value('if.stats', 'drop')) - dropped).toBe(5);
  await live.say('drop.hash.reset');
  expect(await live.say('drop.hash.show')).toEqual([]);
  expect(await answers()).toBe(5);
});

test('callback.reload takes the callback that its file has by now', async () => {
  expect(await answers()).toBe(5);
  callback(
    'export default (packet, ingress) => (packet.u16(12) === 0x0800 && packet.u8(23) === 1 ? -1 : 1 - ingress);\n',
  );
  expect(await answers()).toBe(5);
  await live.say('callback.reload');
  expect(await answers()).toBe(0);
  callback('export default (packet, ingress) =>');
  await expect(live.say('callback.reload')).rejects.toThrow(
    /^callback\.reload: .*callback\.mjs was not loaded again: /,
  );
  // The old one goes on, and so does the bridge.
  expect(await answers()).toBe(0);
  callback(PASS);
  await live.say('callback.reload');
  expect(await answers()).toBe(5);
  callback('export default () => 7;\n');
  await live.say('callback.reload');
  expect(await answers()).toBe(0);
  expect(Number(await live.value('if.stats', 'noif'))).toBeGreaterThanOrEqual(5);
});

test('every word of the subject was said', () => expect(live.unsaid('drop')).toEqual([]));
