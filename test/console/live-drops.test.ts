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

/** Of five pings. Where some are to be answered it is asked until they are: on a busy machine answers may be late. */
const answers = async () => (await live.ping(5)).answered.length;

test('what comes from or goes to an address of the drop set does not arrive', async () => {
  const dropped = Number(await live.value('if.stats', 'drop'));
  await expect.poll(answers).toBe(5);
  await live.say('00:23:7d:86:71:ff drop.hash.insert');
  await expect.poll(answers).toBe(5);
  await live.say(`${live.macs[1]} drop.hash.insert`);
  expect(await live.say('drop.hash.show')).toEqual(
    ['00:23:7d:86:71:ff Hewlett Packard', `${live.macs[1]} (locally administered)`].sort(),
  );
  expect(await answers()).toBe(0);
  expect(Number(await live.value('if.stats', 'drop')) - dropped).toBe(5);
  await live.say('drop.hash.reset');
  expect(await live.say('drop.hash.show')).toEqual([]);
  await expect.poll(answers).toBe(5);
});

test('callback.reload takes the callback that its file has by now', { timeout: 90_000 }, async () => {
  await expect.poll(answers).toBe(5);
  callback(
    'export default (packet, ingress) => (packet.u16(12) === 0x0800 && packet.u8(23) === 1 ? -1 : 1 - ingress);\n',
  );
  await expect.poll(answers).toBe(5);
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
  await expect.poll(answers).toBe(5);
  callback('export default () => 7;\n');
  await live.say('callback.reload');
  expect(await answers()).toBe(0);
  expect(Number(await live.value('if.stats', 'noif'))).toBeGreaterThanOrEqual(5);
});

test('however often it is loaded again, packets pass', { timeout: 90_000 }, async () => {
  callback(PASS);
  await live.say('"callback.reload callback.reload callback.reload callback.reload" four !! four four four four');
  await expect(live.say('four four four four four')).rejects.toThrow(
    /^four: callback\.reload: a line may begin no more than 16/,
  );
  await Promise.all(Array.from({ length: 3 }, () => live.say('four')));
  await expect.poll(answers).toBe(5);
});

test.runIf(process.env['XDPKIT_LONG'] === '1')(
  'a callback that is never loaded is given up (XDPKIT_LONG=1: it takes 30 s)',
  { timeout: 120_000 },
  async () => {
    callback('for (;;);\n');
    await expect(live.say('callback.reload')).rejects.toThrow(/was not loaded within 30 s$/);
    callback(PASS);
    await live.say('callback.reload');
    await expect.poll(answers).toBe(5);
  },
);

test('every word of the subject was said', () => expect(live.unsaid('drop')).toEqual([]));
