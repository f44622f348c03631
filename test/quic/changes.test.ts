// needs: openssl
import { setTimeout as sleep } from 'node:timers/promises';
import { beforeAll, expect, test } from 'vitest';
import { failOnLeaks } from '../netdev/oracle.js';
import { isWhole } from './backend-bed.js';
import { buildExamples, QuicBed } from './quic-bed.js';
import { EchoServer, failures, named, patient, QUEUES, Word } from './steered-bed.js';

failOnLeaks();
const LONG = process.env['XDPKIT_LONG'] !== undefined;
const CONNECTIONS = LONG ? 400 : 24;
/** Milliseconds that a backend is stopped. */
const STOP = LONG ? 10_000 : 2000;

let examples: string;
beforeAll(async () => {
  examples = await buildExamples();
}, patient(60_000));

test(
  'a backend that stops keeps no packet from the others, and goes on afterwards with its connections',
  async () => {
    using bed = new QuicBed(QUEUES);
    const server = await EchoServer.open(bed, examples, [1, 2, 3, 4]);
    const seconds = (STOP + 3000) / 1000;
    await using clients = bed.clients({ connections: CONNECTIONS, seconds, size: 2000, pause: LONG ? 50 : 5 });
    expect(await clients.established(patient(60_000))).toBe(CONNECTIONS);
    await sleep(500);
    const before = server.steered.sample().backends;
    // It sleeps within the packet that is in its hands: its thread reads nothing any more.
    Atomics.store(server.counts.get(2)!, Word.stop, STOP);
    await sleep(STOP - 200);
    const stopped = server.steered.sample().backends;
    await sleep(700);
    const after = server.steered.sample().backends;
    const reports = await clients.finished(patient(60_000));
    expect(failures(reports)).toEqual([]);
    for (const [i, { id, counts }] of stopped.entries()) {
      const read = counts!.rxPackets - before[i]!.counts!.rxPackets;
      if (id === 2) {
        // One batch at most before it fell asleep, but many since.
        expect(read).toBeLessThan(stopped[0]!.counts!.rxPackets / 4);
        expect(after[i]!.counts!.rxPackets).toBeGreaterThan(counts!.rxPackets + 10);
      } else {
        // A slow machine reads fewer in the time.
        expect(read).toBeGreaterThan(100 / patient(1));
        expect(counts).toMatchObject({ rxRingFull: 0, rxDropped: 0 });
      }
    }
    expect(server.total(Word.strangers)).toBe(0);
    // Its own connections have waited, and went on: each has an echo of before and after.
    const own = reports.filter((report) => named(report).includes(2));
    expect(own.length).toBeGreaterThan(0);
    expect(own.every(({ echoed }) => echoed > 1)).toBe(true);
    expect(await server.steered.close()).toSatisfy((accounts) => isWhole(accounts, QUEUES));
  },
  patient(120_000),
);

test(
  'backends are drained, added and removed under load: no connection that should stay is broken',
  async () => {
    using bed = new QuicBed(QUEUES);
    const server = await EchoServer.open(bed, examples, [1, 2, 3]);
    const { steered } = server;
    // They begin one after the other, 20 ms apart.
    const load = LONG
      ? { connections: 1000, seconds: 40, pause: 3000, rebind: [2, 4] }
      : { connections: CONNECTIONS, seconds: 5, pause: 20, rebind: [20, 40] };
    await using clients = bed.clients({ ...load, size: 2000 });
    expect(await clients.established(patient(120_000))).toBe(load.connections);
    steered.drain(1);
    const accepted = server.counts.get(1)![Word.accepted]!;
    await server.add(4);
    steered.weigh(4, 5);
    await using later = bed.clients({ connections: CONNECTIONS, rounds: 20, pause: 20 });
    expect(await later.established(patient(60_000))).toBe(CONNECTIONS);
    // New ones of the drained backend: none; the new backend has some.
    expect(server.counts.get(1)![Word.accepted]).toBe(accepted);
    expect(server.counts.get(4)![Word.accepted]).toBeGreaterThan(0);
    const [first, second] = [await clients.finished(patient(150_000)), await later.finished(patient(90_000))];
    expect(failures([...first, ...second])).toEqual([]);
    expect(first.some((report) => named(report).includes(1))).toBe(true);
    expect(first.every((report) => named(report).length === 1)).toBe(true);
    if (LONG) {
      const echoes = first.map(({ echoed }) => echoed);
      const all = echoes.reduce((sum, count) => sum + count, 0);
      console.log(`${first.length} connections: ${all} echoes, ${Math.min(...echoes)} at least`);
    }
    expect(second.some((report) => named(report).includes(1))).toBe(false);
    expect(second.some((report) => named(report).includes(4))).toBe(true);
    expect(server.total(Word.strangers)).toBe(0);
    expect(server.total(Word.unknown)).toBe(0);
    await steered.remove(1);
    expect(steered.sample().backends.map(({ id }) => id)).toEqual([2, 3, 4]);
    expect(await steered.close()).toSatisfy((accounts) => isWhole(accounts, QUEUES));
  },
  patient(LONG ? 400_000 : 180_000),
);
