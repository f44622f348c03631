// needs: ip, ping, nsenter, tcpdump, python3
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { succeed } from '../e2e/running.js';
import { sendByScapy } from '../e2e/scapy.js';
import { needTools } from '../e2e/tools.js';
import { LiveBed } from './live-bed.js';
import { differences, framesThrough } from './live-frames.js';

let live: LiveBed;
beforeAll(async () => {
  live = await LiveBed.open();
});
afterAll(() => live?.[Symbol.asyncDispose]());
const CALM =
  '0 fault.drop.propability 0 fault.corrupt.propability 0 fault.grow.propability 0 fault.shrink.propability ' +
  '0 0 fault.bitflip.probability 0 0 fault.dup.probability fault.hash.src.reset fault.hash.dst.reset ' +
  'off fault.checksum.mend 0 fault.enable 1 fault.disable';
beforeEach(() => live.say(CALM));

const answers = async (count = 5) => (await live.ping(count)).answered.length;
const status = async (label: string) => Number(await live.value('fault.status', label));

test('faults befall what an enabled interface receives', async () => {
  await live.say('1000 fault.drop.propability');
  expect(await answers()).toBe(0);
  await live.say('port0 fault.disable');
  expect(await answers()).toBe(5);
  // The answers come in by the other one.
  await live.say('port1 fault.enable');
  expect(await answers()).toBe(0);
  await live.say('1 fault.disable 0 fault.enable');
  expect(await answers()).toBe(0);
});

test('the sets choose whose packets suffer', async () => {
  const stranger = '00:23:7d:86:71:ff';
  const [from, to] = live.macs;
  for (const [end, mac] of [
    ['src', from],
    ['dst', to],
  ] as const) {
    await live.say(`1000 fault.drop.propability ${stranger} fault.hash.${end}.insert`);
    expect(await live.say(`fault.hash.${end}.show`)).toEqual([`${stranger} Hewlett Packard`]);
    expect(await answers()).toBe(5);
    await live.say(`${mac} fault.hash.${end}.insert`);
    expect(await answers()).toBe(0);
    await live.say(`fault.hash.${end}.reset ${stranger} fault.hash.${end}.insert`);
    expect(await answers()).toBe(5);
    await live.say(`fault.hash.${end}.reset`);
    expect(await live.say(`fault.hash.${end}.show`)).toEqual([]);
    expect(await answers()).toBe(0);
  }
});

test('the probability of a drop is what was set, and a seed brings the same drops again', async () => {
  const [from, to] = live.macs;
  await live.say(`${from} fault.hash.src.insert ${to} fault.hash.dst.insert 500 fault.drop.propability`);
  const count = 200;
  const dropped = await status('dropped');
  const round = async (line: string) => {
    await live.say(line);
    return (await live.ping(count, ['-i', '0.002'])).answered;
  };
  const first = await round('7 fault.seed');
  // Four standard deviations of so many tries.
  expect(Math.abs(first.length - count / 2)).toBeLessThan(4 * Math.sqrt(count / 4));
  expect((await status('dropped')) - dropped).toBe(count - first.length);
  expect(await round('7 fault.seed')).toEqual(first);
  expect(await round('fault.restart')).toEqual(first);
  expect(await round('8 fault.seed')).not.toEqual(first);
});

test('corruption inverts as many bytes as asked for, behind the EtherType', async (context) => {
  needTools(context, 'python3-scapy');
  await live.say('4 fault.corrupt.amount 1000 fault.corrupt.propability');
  const corrupted = await status('corrupted');
  const { sent, seen } = await framesThrough(live, 20, 20);
  expect(seen).toHaveLength(20);
  for (const [i, frame] of seen.entries()) {
    const places = differences(sent[i]!, frame);
    expect(places).toHaveLength(4);
    expect(Math.min(...places)).toBeGreaterThanOrEqual(14);
    for (const at of places) expect(frame[at]).toBe(sent[i]![at]! ^ 0xff);
  }
  expect((await status('corrupted')) - corrupted).toBe(20);
});

test('growth appends, and shrinking cuts off', async (context) => {
  needTools(context, 'python3-scapy');
  await live.say('10 fault.grow.amount 1000 fault.grow.propability');
  const grown = await framesThrough(live, 10, 10);
  expect(grown.seen.map(({ length }) => length)).toEqual(grown.sent.map(({ length }) => length + 10));
  expect(grown.seen.map((frame, i) => frame.subarray(0, grown.sent[i]!.length))).toEqual(grown.sent);
  // Random bytes.
  expect(new Set(grown.seen.map((frame) => frame.subarray(-10).toString('hex'))).size).toBe(10);
  await live.say('0 fault.grow.propability 7 fault.shrink.amount 1000 fault.shrink.propability');
  const shrunk = await framesThrough(live, 10, 10);
  expect(shrunk.seen).toEqual(shrunk.sent.map((frame) => frame.subarray(0, -7)));
});

test('a flipped bit, and a second copy', async (context) => {
  needTools(context, 'python3-scapy');
  await live.say('100000 0 fault.bitflip.probability');
  const { sent, seen } = await framesThrough(live, 20, 20);
  expect(seen).toHaveLength(20);
  for (const [i, frame] of seen.entries()) {
    const [at = 0, ...others] = differences(sent[i]!, frame);
    expect(others).toEqual([]);
    expect(at).toBeGreaterThanOrEqual(14);
    const changed = frame[at]! ^ sent[i]![at]!;
    expect(changed & (changed - 1)).toBe(0);
  }
  await live.say('0 0 fault.bitflip.probability 100000 port0 fault.dup.probability');
  const copied = await framesThrough(live, 10, 20);
  expect(copied.seen.map((frame) => frame.toString('hex')).sort()).toEqual(
    [...copied.sent, ...copied.sent].map((frame) => frame.toString('hex')).sort(),
  );
  // ping goes when it has the last answer, and does not wait for that one's copy.
  expect((await live.ping(10)).duplicates).toBeGreaterThanOrEqual(9);
});

test('a broken checksum stays broken, unless it is to be mended', async (context) => {
  needTools(context, 'python3-scapy');
  const [from, to] = live.bed.addresses;
  const [source, destination] = live.macs;
  const headers = `Ether(src='${source}', dst='${destination}')/IP(src='${from.v4}', dst='${to.v4}')/UDP(dport=9)`;
  // The far kernel judges: it looks for the port of a datagram only when the checksum is right.
  const believed = async () => {
    const [names = '', values = ''] = (
      await succeed(['grep', '^Udp:', '/proc/net/snmp'], { netns: live.bed.hosts[1] })
    ).split('\n');
    return Number(values.split(' ')[names.split(' ').indexOf('NoPorts')]);
  };
  const send = async () => {
    const before = await believed();
    const corrupted = await status('corrupted');
    await sendByScapy(live.bed.hosts[0], `[${headers}/bytes(600)] * 40`);
    await expect.poll(async () => (await status('corrupted')) - corrupted).toBeGreaterThanOrEqual(40);
    return (await believed()) - before;
  };
  await live.say('1 fault.corrupt.amount 1000 fault.corrupt.propability');
  expect(await send()).toBe(0);
  await live.say('on fault.checksum.mend');
  // But for what lost its length or its version.
  expect(await send()).toBeGreaterThan(30);
});

test('fault.status tells what is set and what was done', async () => {
  await live.say('20 fault.drop.propability 3 fault.corrupt.amount 1500 1 fault.dup.probability');
  const lines = await live.say('fault.status');
  expect(lines).toContain('  drop probability      20 (2.000%)');
  expect(lines).toContain('  corrupt probability   0 (0.000%), 3 bytes');
  expect(lines).toContain('0 port0 fault injection enabled');
  expect(lines).toContain('  dup probability       1500 (1.500%)');
  expect(await status('dropped')).toBeGreaterThan(0);
});

test('every word of the subject was said', () => expect(live.unsaid('fault')).toEqual([]));
