// needs: openssl, gtlsclient, gtlsserver, caddy
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { cidCodec, openSteering } from '../../dist/quic/index.js';
import { Running } from '../e2e/running.js';
import { failOnLeaks } from '../netdev/oracle.js';
import { get, MOVES } from './ngtcp2-client.js';
import { QuicBed } from './quic-bed.js';
import { patient, QUEUES } from './steered-bed.js';

failOnLeaks();
const REQUESTS = 3;
const WORKER = 9;

/** A server on the host's own UDP port 4433, whose answers to all requests are `worker 9`. */
interface OtherServer {
  /** Bytes of the IDs that it issues. */
  readonly idLength: number;
  /** Whether connections live on when a client's port changes. */
  readonly migrates: boolean;
  start(bed: QuicBed): Running;
  readonly ready: RegExp;
}

const SERVERS: Readonly<Record<string, OtherServer>> = {
  ngtcp2: {
    idLength: 18,
    migrates: true,
    start({ folder, netns }) {
      writeFileSync(join(folder, 'index.html'), `worker ${WORKER}\n`);
      const files = [join(folder, 'key.pem'), join(folder, 'cert.pem')];
      return new Running(['gtlsserver', '-d', folder, '*', '4433', ...files], { netns });
    },
    ready: /./,
  },
  'quic-go (Caddy)': {
    idLength: 4,
    // It refuses to.
    migrates: false,
    start({ folder, netns }) {
      const file = join(folder, 'Caddyfile');
      const site = `https://:4433 {\n  tls ${folder}/cert.pem ${folder}/key.pem\n  respond "worker ${WORKER}"\n}\n`;
      writeFileSync(file, `{\n  admin off\n  auto_https disable_redirects\n}\n${site}`);
      const env = { ...process.env, XDG_DATA_HOME: folder, XDG_CONFIG_HOME: folder };
      return new Running(['caddy', 'run', '--adapter', 'caddyfile', '--config', file], { netns, env });
    },
    ready: /serving initial configuration/,
  },
};

test.each(Object.entries(SERVERS))(
  'a server of the host keeps its clients while its packets are steered: %s',
  async (_, { idLength, migrates, start, ready }) => {
    using bed = new QuicBed(QUEUES);
    await using server = start(bed);
    await server.says(ready);
    // Its IDs are random, and name nobody: all is hashed, to the host, which is the only backend.
    await using steered = await openSteering('port0', {
      codec: cidCodec({ codec: 'katran' }),
      netns: bed.netns,
      ports: [4433],
      idLength,
      backends: [{ id: WORKER, act: 'host' }],
    });
    let datagrams = 0;
    const ids: string[] = [];
    for (const host of ['10.66.0.1', 'fd66::1']) {
      for (const { options, ...move } of migrates ? MOVES : MOVES.slice(0, 1)) {
        const told = await get(bed, host, REQUESTS, options);
        expect(told.workers, told.log).toEqual(Array.from({ length: REQUESTS }, () => WORKER));
        expect(told.addresses.length, told.log).toBe(move.addresses);
        datagrams += told.datagrams;
        ids.push(...told.ids);
      }
    }
    await expect.poll(() => steered.sample().statistics.packets).toBe(datagrams);
    const { packets, toHost, hashed, routed, truncated } = steered.sample().statistics;
    expect({ toHost, truncated, all: hashed + routed }).toEqual({ toHost: packets, truncated: 0, all: packets });
    // Each ID has its counter.
    const counted = steered.steering.heaviest(1000).map(({ id }) => Buffer.from(id).toString('hex'));
    expect(ids.every((id) => id.length === 2 * idLength && counted.includes(id))).toBe(true);
  },
  patient(60_000),
);
