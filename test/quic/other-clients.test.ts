// needs: openssl, gtlsclient
import { beforeAll, expect, test } from 'vitest';
import { failOnLeaks } from '../netdev/oracle.js';
import { isWhole } from './backend-bed.js';
import { get, MOVES } from './ngtcp2-client.js';
import { buildExamples, QuicBed } from './quic-bed.js';
import { EchoServer, named, patient, QUEUES, Word } from './steered-bed.js';

failOnLeaks();
const LONG = process.env['XDPKIT_LONG'] !== undefined;
/** Of each kind. */
const CLIENTS = LONG ? 60 : 4;
const REQUESTS = 3;
const BACKENDS = [1, 2, 3, 4];

let examples: string;
beforeAll(async () => {
  examples = await buildExamples();
}, patient(60_000));

test(
  "ngtcp2's clients reach the backend that their IDs name, also from another port, and under another ID",
  async () => {
    using bed = new QuicBed(QUEUES);
    const server = await EchoServer.open(bed, examples, BACKENDS);
    const datagrams = new Map(BACKENDS.map((id) => [id, 0]));
    for (let i = 0; i < CLIENTS; i++) {
      const host = i % 2 === 0 ? '10.66.0.1' : 'fd66::1';
      const told = await Promise.all(MOVES.map(({ options }) => get(bed, host, REQUESTS, options)));
      for (const [kind, { workers, ids, addresses, datagrams: sent, log }] of told.entries()) {
        const [backend, ...others] = named({ ids });
        expect(others, log).toEqual([]);
        expect(workers, log).toEqual(Array.from({ length: REQUESTS }, () => backend));
        expect(addresses.length, log).toBe(MOVES[kind]!.addresses);
        expect(ids.length, log).toBe(MOVES[kind]!.ids);
        datagrams.set(backend!, datagrams.get(backend!)! + sent);
      }
    }
    expect(server.total(Word.accepted)).toBe(CLIENTS * MOVES.length);
    expect(server.total(Word.strangers)).toBe(0);
    // Every datagram of each client, the first Initial too, is counted at the backend that its later ones name.
    await expect
      .poll(() => new Map(server.steered.sample().backends.map(({ id, packets }) => [id, packets])))
      .toEqual(datagrams);
    if (LONG) console.log(`${CLIENTS * MOVES.length} clients, datagrams by backend:`, [...datagrams]);
    expect(await server.steered.close()).toSatisfy((accounts) => isWhole(accounts, QUEUES));
  },
  patient(LONG ? 500_000 : 60_000),
);
