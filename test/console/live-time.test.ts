// needs: ip, ping, nsenter, tcpdump, python3
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { needTools } from '../e2e/tools.js';
import { LiveBed } from './live-bed.js';
import { framesThrough } from './live-frames.js';

let live: LiveBed;
beforeAll(async () => {
  live = await LiveBed.open();
});
afterAll(() => live?.[Symbol.asyncDispose]());
beforeEach(() =>
  live.say(
    '0 0 fault.delay 0 0 fault.jitter 0 0 fault.delay.correlation uniform 0 fault.distribution 0 0 fault.rate ' +
      '0 0 fault.rate.burst 0 0 fault.reorder.probability 0 0 fault.reorder.gap 0 0 0 0 0 fault.loss.gilbert 0 fault.enable',
  ),
);

const mean = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;
const deviation = (values: readonly number[]) => Math.sqrt(mean(values.map((value) => (value - mean(values)) ** 2)));

test('a delay is what ping sees', async () => {
  const { times: before } = await live.ping(10);
  await live.say('20ms 0 fault.delay');
  const { times } = await live.ping(20, ['-i', '0.01'], '2');
  expect(times).toHaveLength(20);
  // Never early; on a busy machine it may be late.
  expect(Math.min(...times)).toBeGreaterThanOrEqual(20);
  expect(Math.min(...times)).toBeLessThan(20 + Math.min(...before) + 10);
});

test('jitter spreads delays by the distribution, and correlation makes neighbours alike', async () => {
  // Pings that are far enough from each other that none overtakes another.
  const round = async (line: string) => {
    await live.say(`3 fault.seed ${line}`);
    const { times } = await live.ping(100, ['-i', '0.012'], '2');
    expect(times).toHaveLength(100);
    return times;
  };
  const uniform = await round('40ms 0 fault.delay 5ms 0 fault.jitter');
  expect(Math.min(...uniform)).toBeGreaterThanOrEqual(35);
  expect(deviation(uniform)).toBeGreaterThan(1.5);
  const normal = await round('normal 0 fault.distribution 4ms 0 fault.jitter');
  expect(Math.abs(mean(normal) - 40)).toBeLessThan(4);
  // A uniform one ends at its jitter.
  expect(Math.min(...normal)).toBeLessThan(36);
  const alike = await round('99000 0 fault.delay.correlation');
  const steps = (times: readonly number[]) => mean(times.slice(1).map((time, i) => Math.abs(time - times[i]!)));
  expect(steps(alike)).toBeLessThan(steps(normal) / 2);
});

test('every fifth packet overtakes the others', async (context) => {
  needTools(context, 'python3-scapy');
  await live.say('300ms 0 fault.delay 100000 0 fault.reorder.probability 5 0 fault.reorder.gap');
  const { sent, seen } = await framesThrough(live, 20, 20);
  const order = seen.map((frame) => frame[14]!);
  expect([...order].sort((a, b) => a - b)).toEqual(sent.map((_, i) => i));
  const [a, b, c, d] = order;
  expect([b! - a!, c! - b!, d! - c!]).toEqual([5, 5, 5]);
});

test('a rate spaces packets, but for the burst that is allowed', async () => {
  // 1,042 bytes at 1 Mbit/s take 8.3 ms; ten that come together wait for one another.
  await live.say('1mbit 0 fault.rate');
  const flood = ['-s', '1000', '-l', '10', '-i', '1'];
  const { times } = await live.ping(10, flood, '2');
  expect(times).toHaveLength(10);
  expect(Math.max(...times)).toBeGreaterThan(9 * 8.3);
  await live.say('20k 0 fault.rate.burst');
  await live.ping(1, ['-i', '1'], '1');
  const { times: free } = await live.ping(10, flood, '2');
  expect(Math.max(...free)).toBeLessThan(9 * 8.3);
});

test('losses come in bursts', async () => {
  // Always into the bad state, never back: the first packet finds the good one.
  await live.say('100000 0 100000 0 0 fault.loss.gilbert');
  expect((await live.ping(5)).answered.length).toBeLessThanOrEqual(1);
  expect((await live.ping(5)).answered).toEqual([]);
  // Bursts of ten on average: losses have more neighbours than chance would give them.
  await live.say('5 fault.seed 2000 10000 100000 0 0 fault.loss.gilbert');
  const { answered, sent } = await live.ping(400, ['-i', '0.002']);
  const lost = new Set(Array.from({ length: sent }, (_, i) => i + 1).filter((number) => !answered.includes(number)));
  expect(lost.size).toBeGreaterThan(10);
  const pairs = [...lost].filter((number) => lost.has(number + 1)).length;
  expect(pairs / lost.size).toBeGreaterThan(2 * (lost.size / sent));
  expect(Number(await live.value('fault.status', 'lost in bursts'))).toBeGreaterThan(lost.size);
});
