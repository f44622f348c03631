// needs: ip, ping, nsenter
import { afterAll, beforeAll, expect, test } from 'vitest';
import { LiveBed } from './live-bed.js';

let live: LiveBed;
beforeAll(async () => {
  live = await LiveBed.open();
});
afterAll(() => live?.[Symbol.asyncDispose]());

/** What another process collects while the first host pings the second one: interface and direction of each echo request and reply. */
async function collected(count: number): Promise<Record<string, number>> {
  await using collector = live.collect('icmp');
  await expect.poll(() => live.value('tap.status', 'collectors')).toBe('1');
  const before = Number(await live.value('tap.status', 'tapped'));
  expect((await live.ping(count)).answered).toHaveLength(count);
  // Whoever waits for what does not come would wait for ever: the tap's own account says when all are taken.
  await expect
    .poll(async () => (await live.value('tap.status', 'tapped')) === (await live.value('tap.status', 'collected')))
    .toBe(true);
  expect(Number(await live.value('tap.status', 'tapped'))).toBeGreaterThanOrEqual(before);
  collector.kill('SIGTERM');
  const { stdout } = await collector.end();
  const seen: Record<string, number> = {};
  for (const [, place] of stdout.matchAll(/^\S+ (\S+ +\S+) +ICMP/gm)) {
    const key = place!.replace(/ +/, ' ');
    seen[key] = (seen[key] ?? 0) + 1;
  }
  return seen;
}

test('nothing is tapped until it is asked for, then what comes in, what goes out, or both', async () => {
  expect(await collected(5)).toEqual({});
  await live.say('0 tap.rx.enable');
  expect(await collected(5)).toEqual({ 'port0 in': 5 });
  await live.say('port1 tap.tx.enable');
  expect(await collected(5)).toEqual({ 'port0 in': 5, 'port1 out': 5 });
  await live.say('0 tap.rx.disable 0 tap.tx.enable 1 tap.rx.enable');
  expect(await collected(5)).toEqual({ 'port0 out': 5, 'port1 in': 5, 'port1 out': 5 });
  await live.say('1 tap.rx.disable 0 tap.tx.disable 1 tap.tx.disable');
  expect(await collected(5)).toEqual({});
});

test('the hash set chooses addresses', async () => {
  const other = '00:23:7d:86:71:ff';
  await live.say(`${other} tap.hash.insert 0 tap.rx.enable 1 tap.rx.enable`);
  expect(await live.say('tap.hash.show')).toEqual([`${other} Hewlett Packard`]);
  expect(await collected(5)).toEqual({});
  // From it or to it.
  await live.say(`${live.macs[1]} tap.hash.insert`);
  expect(await collected(5)).toEqual({ 'port0 in': 5, 'port1 in': 5 });
  await live.say(`tap.hash.reset ${other} tap.hash.insert`);
  expect(await collected(5)).toEqual({});
  await live.say('tap.hash.reset');
  expect(await live.say('tap.hash.show')).toEqual([]);
  expect(await collected(5)).toEqual({ 'port0 in': 5, 'port1 in': 5 });
});

test('tap.status has the account that the collectors give', async () => {
  const lost = await live.value('tap.status', 'lost');
  await live.ping(10);
  const waiting = Number(/^\d+/.exec(await live.value('tap.status', 'waiting'))?.[0]);
  expect(waiting).toBeGreaterThan(0);
  await using collector = live.collect('--json', '-w', '/dev/null', '-F', 'pcap', '-d', '1');
  const { stdout: text } = await collector.end();
  const { packets } = JSON.parse(text.trim().split('\n').at(-1)!) as { packets: number };
  expect(packets).toBeGreaterThanOrEqual(20);
  expect(await live.value('tap.status', 'lost')).toBe(lost);
});

test('every word of the subject was said', () => expect(live.unsaid('tap')).toEqual([]));
