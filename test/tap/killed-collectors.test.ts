import { setTimeout as sleep } from 'node:timers/promises';
import { expect, test } from 'vitest';
import type { Running } from '../e2e/running.js';
import { TapBed } from './tap-bed.js';

/** XDPKIT_LONG=1: all thousand. */
const KILLS = process.env['XDPKIT_LONG'] ? 1000 : 12;
const VICTIMS = 4;

test(`kill -9 of collectors at ${KILLS} random moments: the others go on, and every packet is counted`, async () => {
  await using bed = new TapBed({ producers: 2, bytes: 4 << 20 });
  const { tap } = bed;
  const written = [0, 1].map((ring) => bed.produce(ring, 2 ** 50, { batch: 32, pause: 1 }));
  await Promise.all(written);
  const survivor = bed.collector();
  await survivor.says(/ready/);
  const start = async () => {
    const victim = bed.collector(4);
    await victim.says(/ready/, 120_000);
    return victim;
  };
  /** Milliseconds until somebody else than `pid` collects a packet. */
  const untilOthers = async (pid: number, begin: () => void) => {
    const others = () => {
      const consumers = tap.status().consumers.filter((consumer) => consumer.pid !== pid);
      return Math.max(...consumers.map(({ records }) => records));
    };
    const before = others();
    begin();
    const begun = performance.now();
    while (others() === before) await sleep(1);
    return performance.now() - begun;
  };
  const victims: Promise<Running>[] = Array.from({ length: VICTIMS }, start);
  let withPackets = 0;
  const gaps: number[] = [];
  const usual: number[] = [];
  for (let kills = 1; kills <= KILLS; kills++) {
    const victim = await victims.shift()!;
    await sleep(Math.random() * 8);
    usual.push(await untilOthers(victim.pid, () => {}));
    const dead = tap.status().abandoned;
    gaps.push(await untilOthers(victim.pid, () => victim.kill('SIGKILL')));
    await victim.end();
    await sleep(30);
    if (tap.status().abandoned > dead) withPackets++;
    victims.push(start());
    if (kills % 100 === 0) console.log(`${kills} kills, ${withPackets} with packets in hand`);
  }
  const pending = await Promise.all(victims);
  for (const victim of pending) {
    victim.kill('SIGKILL');
    await victim.end();
  }
  bed.stop();
  const produced = await Promise.all(written.map(async (each) => (await each)()));
  const sum = (of: (each: (typeof produced)[number]) => number) =>
    produced.reduce((total, each) => total + of(each), 0);
  tap.recover();
  await expect.poll(() => tap.status().queued).toBe(0);
  const { tapped, lost, collected, abandoned } = tap.status();
  expect({ tapped, lost }).toEqual({ tapped: sum((p) => p.written + p.lost), lost: sum((p) => p.lost) });
  expect(collected + lost + abandoned).toBe(tapped);

  // What collectors wrote down: everything that was collected, perhaps some of what was in dead hands, nothing twice.
  const found = bed.numbers(2);
  const numbers = found.flatMap((rings) =>
    rings.flatMap((list, ring) => [Float64Array.from(list, (n) => n * 2 + ring)]),
  );
  const all = new Float64Array(numbers.reduce((length, list) => length + list.length, 0));
  let filled = 0;
  for (const list of numbers) {
    all.set(list, filled);
    filled += list.length;
  }
  all.sort();
  expect(all.findIndex((number, i) => number === all[i + 1])).toBe(-1);
  expect(all.length).toBeGreaterThanOrEqual(collected);
  expect(all.length).toBeLessThanOrEqual(collected + abandoned);
  const [killed, idle] = [gaps, usual].map((times) => {
    times.sort((a, b) => a - b);
    return { median: times[times.length >> 1]!, p99: times[Math.floor(times.length * 0.99)]!, longest: times.at(-1)! };
  });
  const text = (times: typeof killed) => `${Object.entries(times!).map(([name, ms]) => `${name} ${ms.toFixed(1)}`)} ms`;
  console.log(
    `${KILLS} kills, ${withPackets} with packets in hand; tapped ${tapped} = collected ${collected} + lost ${lost} + dead ${abandoned}; ` +
      `the others went on after ${text(killed)}; without a kill after ${text(idle)}`,
  );
  // The longest tells of the machine more than of the tap: on a busy one nobody runs for a while.
  expect(killed!.median).toBeLessThan(100);
}, 3_600_000);

test('a stopped collector holds up nobody, and has its packets when it goes on', async () => {
  await using bed = new TapBed({ bytes: 1 << 20 });
  const slow = bed.collector(50);
  const produced = await bed.produce(0, 2 ** 50, { batch: 16, pause: 1 });
  await slow.says(/ready/);
  const other = bed.collector();
  await other.says(/ready/);
  slow.kill('SIGSTOP');
  const taken = () => bed.tap.status().consumers.find(({ pid }) => pid === other.pid)!.records;
  for (let i = 0; i < 5; i++) {
    const before = taken();
    await expect.poll(taken).toBeGreaterThan(before + 100);
  }
  slow.kill('SIGCONT');
  bed.stop();
  const { written, lost } = await produced();
  await expect.poll(() => bed.tap.status().queued).toBe(0);
  expect(bed.tap.status()).toMatchObject({ tapped: written + lost, lost, collected: written, abandoned: 0 });
});
