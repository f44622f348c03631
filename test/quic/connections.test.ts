// needs: openssl
import { beforeAll, expect, test } from 'vitest';
import { failOnLeaks } from '../netdev/oracle.js';
import { isWhole } from './backend-bed.js';
import { buildExamples, QuicBed } from './quic-bed.js';
import { EchoServer, failures, named, patient, QUEUES, Word } from './steered-bed.js';

failOnLeaks();
const LONG = process.env['XDPKIT_LONG'] !== undefined;
const CONNECTIONS = LONG ? 1000 : 40;
const BACKENDS = [1, 2, 3, 4];

let examples: string;
beforeAll(async () => {
  examples = await buildExamples();
}, patient(60_000));

test.each([
  ['IPv4', false],
  ['IPv6', true],
])(
  'every packet of every connection is at the backend that its ID names, also when ports and addresses change (%s)',
  async (_, ipv6) => {
    using bed = new QuicBed(QUEUES);
    const server = await EchoServer.open(bed, examples, BACKENDS);
    const rounds = 6;
    await using clients = bed.clients({ connections: CONNECTIONS, rounds, size: 3000, rebind: [2, 4], ipv6 });
    expect(await clients.established(patient(LONG ? 120_000 : 30_000))).toBe(CONNECTIONS);
    const reports = await clients.finished(patient(LONG ? 240_000 : 60_000));
    expect(failures(reports)).toEqual([]);
    expect(reports.every(({ echoed, wrong }) => echoed === rounds && wrong === 0)).toBe(true);
    // One backend all along for each connection; and all backends have some.
    expect(reports.every((report) => named(report).length === 1)).toBe(true);
    expect([...new Set(reports.flatMap(named))].sort()).toEqual(BACKENDS);
    expect(server.total(Word.strangers)).toBe(0);
    expect(server.total(Word.accepted)).toBe(CONNECTIONS);
    expect(server.total(Word.unknown)).toBe(0);
    const { backends, statistics } = server.steered.sample();
    for (const { id, counts, packets, rxByQueue } of backends) {
      expect(counts).toMatchObject({ rxPackets: server.counts.get(id)![Word.packets], rxRingFull: 0, rxDropped: 0 });
      expect(packets).toBe(counts!.rxPackets);
      // They came by every queue: that is what one socket for each queue is for.
      expect(rxByQueue!.filter((count) => count > 0).length).toBeGreaterThan(1);
    }
    expect(statistics.toSocket).toBe(server.total(Word.packets));
    if (LONG) console.log(`${CONNECTIONS} connections, ${statistics.toSocket} packets`);
    expect(statistics.routed).toBeGreaterThan(CONNECTIONS * rounds);
    expect(await server.steered.close()).toSatisfy((accounts) => isWhole(accounts, QUEUES));
  },
  patient(LONG ? 400_000 : 60_000),
);
