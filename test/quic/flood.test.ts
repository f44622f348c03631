// needs: openssl
import { randomBytes, randomInt } from 'node:crypto';
import { setTimeout as sleep, setImmediate as turn } from 'node:timers/promises';
import { beforeAll, expect, test } from 'vitest';
import { getLink } from '../../dist/netdev/index.js';
import { withNamespace } from '../../dist/sys/index.js';
import { Batch, openXskSocket, Umem, type XskSocket } from '../../dist/xsk/index.js';
import { failOnLeaks } from '../netdev/oracle.js';
import { isWhole } from './backend-bed.js';
import { buildExamples, QuicBed } from './quic-bed.js';
import { EchoServer, failures, named, patient, QUEUES, Word } from './steered-bed.js';

failOnLeaks();
const LONG = process.env['XDPKIT_LONG'] !== undefined;
const SECONDS = LONG ? 60 : 3;
const CONNECTIONS = LONG ? 100 : 16;

let examples: string;
beforeAll(async () => {
  examples = await buildExamples();
}, patient(60_000));

/** What is wrong with a QUIC packet, and how the statistics call it. */
const KINDS = {
  /** A short header too short for an ID. */
  truncated: () => Uint8Array.of(0x40, 1, 2),
  forbiddenLength: () => long(0x0000_0001, 21 + randomInt(200)),
  versionZero: () => long(0, 8),
  unknownVersion: () => long(0x1a2a_3a4a, 8),
  /** Sound, with an ID that nobody issued. */
  random: () => Buffer.concat([Uint8Array.of(0x40), randomBytes(40)]),
} as const;
type Kind = keyof typeof KINDS;

function long(version: number, idLength: number): Uint8Array {
  const header = Buffer.alloc(6);
  header[0] = 0xc0;
  header.writeUInt32BE(version, 1);
  header[5] = idLength;
  return Buffer.concat([header, randomBytes(idLength), Uint8Array.of(0), randomBytes(60)]);
}

/** Sends odd packets over AF_XDP from where the clients are, as fast as it can between turns of the event loop. */
class Flood implements Disposable {
  readonly sent: Record<Kind, number> = {
    truncated: 0,
    forbiddenLength: 0,
    versionZero: 0,
    unknownVersion: 0,
    random: 0,
  };
  readonly #umem: Umem = new Umem({ frames: 1024 });
  readonly #socket: XskSocket;
  readonly #batch: Batch = new Batch(this.#umem, 64);
  readonly #frames: readonly { kind: Kind; frame: Uint8Array }[];

  constructor(bed: QuicBed) {
    const { netns, clientNetns } = bed;
    const [near, far] = [getLink('port0', { netns }), getLink('eth0', { netns: clientNetns })];
    const sizes = { rxSize: 0, txSize: 512, fillSize: 64, completionSize: 512 };
    const options = { umem: this.#umem, interface: far, queue: 0, ...sizes };
    this.#socket = withNamespace<XskSocket>(clientNetns, () => openXskSocket(options));
    const kinds = Object.keys(KINDS) as Kind[];
    // Thousands of different ones, again and again: what is random in them matters, not that it never comes back.
    this.#frames = Array.from({ length: 4000 }, (_, i) => {
      const kind = kinds[i % kinds.length]!;
      return { kind, frame: frameOf(near.mac!, far.mac!, KINDS[kind]()) };
    });
  }

  /** @returns how many packets it sent */
  async run(seconds: number): Promise<number> {
    const socket = this.#socket;
    const batch = this.#batch;
    const { pool, bytes } = this.#umem;
    let next = 0;
    for (const end = performance.now() + seconds * 1000; performance.now() < end; ) {
      for (let burst = 0; burst < 16; burst++) {
        socket.rings.reap(512);
        const size = Math.min(64, pool.free);
        for (let i = 0; i < size; i++) {
          const { frame, kind } = this.#frames[next++ % this.#frames.length]!;
          const at = pool.take();
          bytes.set(frame, at);
          batch.addresses[i] = at;
          batch.lengths[i] = frame.length;
          this.sent[kind]++;
        }
        const taken = socket.transmit(batch, 0, size);
        for (let i = taken; i < size; i++) {
          pool.give(batch.addresses[i]!);
          next--;
          this.sent[this.#frames[next % this.#frames.length]!.kind]--;
        }
        socket.flush();
      }
      // The clients' processes shall have their turn of the two processors.
      await turn();
    }
    while (socket.rings.inTx > 0) {
      socket.flush();
      socket.rings.reap(512);
      await sleep(1);
    }
    return next;
  }

  [Symbol.dispose](): void {
    this.#socket.close();
    this.#umem.close();
  }
}

function frameOf(to: string, from: string, payload: Uint8Array): Uint8Array {
  const mac = (text: string) => Buffer.from(text.replaceAll(':', ''), 'hex');
  const length = 42 + payload.length;
  const frame = new Uint8Array(length);
  frame.set(mac(to), 0);
  frame.set(mac(from), 6);
  frame.set([0x08, 0x00, 0x45, 0, (length - 14) >> 8, length - 14, 0, 0, 0, 0, 64, 17, 0, 0], 12);
  frame.set([10, 66, 0, 2 + randomInt(250), 10, 66, 0, 1], 26);
  frame.set([...randomBytes(2), 4433 >> 8, 4433 & 255, (length - 34) >> 8, length - 34, 0, 0], 34);
  frame.set(payload, 42);
  return frame;
}

test(
  'a flood of odd packets, with a backend drained meanwhile: no connection moves, and each odd packet is counted by kind',
  async () => {
    using bed = new QuicBed(QUEUES);
    const server = await EchoServer.open(bed, examples, [1, 2, 3, 4]);
    const { steered } = server;
    await using clients = bed.clients({ connections: CONNECTIONS, seconds: SECONDS + 4, pause: 100 });
    expect(await clients.established(patient(60_000))).toBe(CONNECTIONS);
    await sleep(500);
    const before = steered.sample().statistics;
    using flood = new Flood(bed);
    setTimeout(() => steered.drain(3), (SECONDS * 1000) / 2);
    const sent = await flood.run(SECONDS);
    // The veth's own ring is short: what it had no room for never arrived. Everything else is counted, each as what it is.
    const { statistics } = steered.sample();
    const seen = (name: keyof typeof before & Kind) => statistics[name] - before[name];
    let odd = 0;
    for (const kind of ['truncated', 'forbiddenLength', 'versionZero', 'unknownVersion'] as const) {
      expect(seen(kind)).toBeLessThanOrEqual(flood.sent[kind]);
      expect(seen(kind)).toBeGreaterThan(flood.sent[kind] / 2);
      odd += seen(kind);
    }
    expect(odd).toBeGreaterThan(1000);
    const reports = await clients.finished(patient(120_000));
    expect(failures(reports)).toEqual([]);
    expect(reports.every((report) => named(report).length === 1)).toBe(true);
    // A packet that came to another backend would have been of no connection there, and its echo been missed.
    expect(reports.every(({ echoed, wrong }) => echoed > SECONDS && wrong === 0)).toBe(true);
    expect(server.total(Word.accepted)).toBe(CONNECTIONS);
    // New counters and flows are limited, and their tables bounded, whatever is invented.
    expect(statistics.idsNotCounted).toBeGreaterThan(0);
    expect([...steered.steering.maps.get('cid_counter')!.keys()].length).toBeLessThanOrEqual(1024);
    console.log(`${sent} packets in ${SECONDS} s, ${odd} odd ones counted`);
    expect(await steered.close()).toSatisfy((accounts) => isWhole(accounts, QUEUES));
  },
  patient(180_000 + SECONDS * 1000),
);
