// needs: openssl
import { beforeAll, expect, test } from 'vitest';
import { cidCodec, openSteering, type SteeredInterface } from '../../dist/quic/index.js';
import { failOnLeaks } from '../netdev/oracle.js';
import { patient } from '../patience.js';
import { isWhole } from './backend-bed.js';
import { buildExamples, type ClientReport, QuicBed } from './quic-bed.js';

failOnLeaks();
const LONG = process.env['XDPKIT_LONG'] !== undefined;
const CONNECTIONS = LONG ? 1000 : 40;
const QUEUES = 4;
const BACKENDS = [1, 2, 3, 4];
/** Words of the counts of examples/quic-echo. */
const [PACKETS, ACCEPTED, UNKNOWN, STRANGERS] = [0, 1, 2, 3];

let examples: string;
beforeAll(async () => {
  examples = await buildExamples();
}, patient(60_000));

interface Echo {
  readonly steered: SteeredInterface;
  /** Of each backend, by id. */
  readonly counts: ReadonlyMap<number, Int32Array>;
}

async function openEcho(bed: QuicBed, ids: readonly number[] = BACKENDS): Promise<Echo> {
  const counts = new Map(ids.map((id) => [id, new Int32Array(new SharedArrayBuffer(16))]));
  const { certificate, key } = bed;
  const backends = [...counts].map(([id, { buffer }]) => {
    const data = { codec: { codec: 'cidv1' }, certificate, key, counts: buffer };
    return { id, module: `file://${examples}quic-echo/backend.js`, data };
  });
  const codec = cidCodec({ codec: 'cidv1' });
  const steered = await openSteering('port0', { codec, netns: bed.netns, ports: [4433], backends, keepers: 1 });
  return { steered, counts };
}

const failures = (reports: readonly ClientReport[]) => reports.flatMap(({ failure }) => failure ?? []);
const wrong = (reports: readonly ClientReport[]) => reports.reduce((sum, report) => sum + report.wrong, 0);
/** Ids of backends that a client's IDs name: CIDv1 has them in bytes 2 and 3. */
const named = ({ ids }: ClientReport) => [...new Set(ids.map((id) => Number.parseInt(id.slice(4, 8), 16)))];
const total = (counts: Echo['counts'], word: number) =>
  [...counts.values()].reduce((sum, words) => sum + words[word]!, 0);

test.each([
  ['IPv4', false],
  ['IPv6', true],
])(
  'every packet of every connection is at the backend that its ID names, also when ports and addresses change (%s)',
  async (_, ipv6) => {
    using bed = new QuicBed(QUEUES);
    const { steered, counts } = await openEcho(bed);
    const rounds = 6;
    await using clients = bed.clients({ connections: CONNECTIONS, rounds, size: 3000, rebind: [2, 4], ipv6 });
    expect(await clients.established(patient(LONG ? 120_000 : 30_000))).toBe(CONNECTIONS);
    const reports = await clients.finished(patient(LONG ? 240_000 : 60_000));
    expect(failures(reports)).toEqual([]);
    expect(wrong(reports)).toBe(0);
    expect(reports.every(({ echoed }) => echoed === rounds)).toBe(true);
    // All along one backend for each connection, and all backends have some.
    expect(reports.every((report) => named(report).length === 1)).toBe(true);
    expect([...new Set(reports.flatMap(named))].sort()).toEqual(BACKENDS);
    expect(total(counts, STRANGERS!)).toBe(0);
    expect(total(counts, ACCEPTED!)).toBe(CONNECTIONS);
    expect(total(counts, UNKNOWN!)).toBe(0);
    const { backends, statistics } = steered.sample();
    for (const backend of backends) {
      expect(backend.counts).toMatchObject({
        rxPackets: counts.get(backend.id)![PACKETS!],
        rxRingFull: 0,
        rxDropped: 0,
      });
      expect(backend.packets).toBe(backend.counts!.rxPackets);
    }
    expect(statistics.toSocket).toBe(total(counts, PACKETS!));
    expect(await steered.close()).toSatisfy((accounts) => isWhole(accounts, QUEUES));
  },
  patient(LONG ? 400_000 : 60_000),
);
