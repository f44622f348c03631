// needs: openssl, gtlsclient
import { beforeAll, expect, test } from 'vitest';
import { run } from '../e2e/running.js';
import { failOnLeaks } from '../netdev/oracle.js';
import { isWhole } from './backend-bed.js';
import { buildExamples, QuicBed } from './quic-bed.js';
import { EchoServer, patient, QUEUES, Word } from './steered-bed.js';

failOnLeaks();
const LONG = process.env['XDPKIT_LONG'] !== undefined;
/** Of each kind; so many run at once. */
const CLIENTS = LONG ? 100 : 4;
const REQUESTS = 3;
const BACKENDS = [1, 2, 3, 4];

let examples: string;
beforeAll(async () => {
  examples = await buildExamples();
}, patient(60_000));

/** What a client of ngtcp2 tells in its log. */
interface Told {
  readonly host: string;
  /** Workers that its requests were answered by. */
  readonly workers: readonly number[];
  /** Backends that it has named, by the IDs of all its packets but Initials, and those IDs. */
  readonly named: readonly number[];
  readonly ids: ReadonlySet<string>;
  readonly addresses: ReadonlySet<string>;
  readonly datagrams: number;
  /** The log's end, for when something is wrong. */
  readonly log: string;
}

async function get(bed: QuicBed, host: string, options: readonly string[]): Promise<Told> {
  const requests = [
    '--no-quic-dump',
    '--exit-on-all-streams-close',
    `--nstreams=${REQUESTS}`,
    host,
    '4433',
    'https://q.test/',
  ];
  const command = ['timeout', '30', 'gtlsclient', '--timeout=20s', ...options, ...requests];
  const { stdout, stderr } = await run(command, { netns: bed.clientNetns }, 40_000);
  const log = stdout + stderr;
  const all = (pattern: RegExp) => [...log.matchAll(pattern)].map((match) => match[1]!);
  // CIDv1: a version, a random byte, and the backend's number in two.
  const ids = all(/ pkt tx .* dcid=0x01..(\w{4}\w{8}) .*type=(?:Handshake|1RTT)/g);
  return {
    host,
    workers: all(/\|worker (\d+)\.\|/g).map(Number),
    named: [...new Set(ids.map((id) => Number.parseInt(id.slice(0, 4), 16)))],
    ids: new Set(ids),
    addresses: new Set(all(/Sent packet: local=(\S+)/g)),
    datagrams: all(/(Sent packet): /g).length,
    log: log.slice(-4000),
  };
}

test(
  "ngtcp2's clients reach the backend that their IDs name, also from another port, and under another ID",
  async () => {
    using bed = new QuicBed(QUEUES);
    const server = await EchoServer.open(bed, examples, BACKENDS);
    const kinds = [
      { options: [], addresses: 1, ids: 1 },
      // It probes the new path with an ID that it has not used yet (RFC 9000, section 9.5), and asks from there.
      { options: ['--change-local-addr=100ms', '--delay-stream=300ms'], addresses: 2, ids: 2 },
      // It does not know of the change, as behind a NAT.
      { options: ['--change-local-addr=100ms', '--nat-rebinding', '--delay-stream=300ms'], addresses: 2, ids: 1 },
    ];
    let clients = 0;
    const datagrams = new Map(BACKENDS.map((id) => [id, 0]));
    for (let i = 0; i < CLIENTS; i++) {
      const host = i % 2 === 0 ? '10.66.0.1' : 'fd66::1';
      const told = await Promise.all(kinds.map(({ options }) => get(bed, host, options)));
      for (const [k, { workers, named, ids, addresses, datagrams: sent, log }] of told.entries()) {
        expect(workers, log).toHaveLength(REQUESTS);
        expect([...new Set(workers)], log).toEqual(named);
        expect(named, log).toHaveLength(1);
        expect(addresses.size, log).toBe(kinds[k]!.addresses);
        expect(ids.size, log).toBe(kinds[k]!.ids);
        datagrams.set(named[0]!, datagrams.get(named[0]!)! + sent);
        clients++;
      }
    }
    expect(server.total(Word.accepted)).toBe(clients);
    expect(server.total(Word.strangers)).toBe(0);
    // Every datagram of each client, the first Initial too, is counted at the backend that its later ones name.
    await expect
      .poll(() => new Map(server.steered.sample().backends.map(({ id, packets }) => [id, packets])))
      .toEqual(datagrams);
    if (LONG) console.log(`${clients} clients, datagrams by backend:`, [...datagrams]);
    expect(await server.steered.close()).toSatisfy((accounts) => isWhole(accounts, QUEUES));
  },
  patient(LONG ? 500_000 : 60_000),
);
