import { run } from '../e2e/running.js';
import type { QuicBed } from './quic-bed.js';

/** What a client of ngtcp2 tells in its log. */
export interface Told {
  /** Numbers in the answers to its requests: `worker 3`. */
  readonly workers: readonly number[];
  /** The server's IDs that it has used, in hex: those of all its packets but Initials. */
  readonly ids: readonly string[];
  /** Its own addresses and ports. */
  readonly addresses: readonly string[];
  /** How many it has sent. */
  readonly datagrams: number;
  /** The log's end, for when something is wrong. */
  readonly log: string;
}

/** GETs over HTTP/3, with one connection of a `gtlsclient` of the bed's clients. */
export async function get(
  bed: QuicBed,
  host: string,
  requests: number,
  options: readonly string[] = [],
): Promise<Told> {
  const fixed = [
    '--no-quic-dump',
    '--exit-on-all-streams-close',
    '--timeout=20s',
    '--sni=q.test',
    `--nstreams=${requests}`,
  ];
  const command = ['timeout', '30', 'gtlsclient', ...fixed, ...options, host, '4433', 'https://q.test/'];
  const { stdout, stderr } = await run(command, { netns: bed.clientNetns }, 40_000);
  const log = stdout + stderr;
  const all = (pattern: RegExp) => [...log.matchAll(pattern)].map((match) => match[1]!);
  const distinct = (pattern: RegExp) => [...new Set(all(pattern))];
  return {
    workers: all(/\|worker (\d+)/g).map(Number),
    ids: distinct(/ pkt tx .* dcid=0x(\w*) .*type=(?:Handshake|1RTT)/g),
    addresses: distinct(/Sent packet: local=(\S+)/g),
    datagrams: all(/(Sent packet): /g).length,
    log: log.slice(-4000),
  };
}

/** Ways in which a client of ngtcp2 changes its port before it asks: how many addresses it has then, and IDs of the server's. */
export const MOVES: readonly {
  readonly options: readonly string[];
  readonly addresses: number;
  readonly ids: number;
}[] = [
  { options: [], addresses: 1, ids: 1 },
  // It probes the new path with an ID that it has not used yet (RFC 9000, section 9.5).
  { options: ['--change-local-addr=100ms', '--delay-stream=300ms'], addresses: 2, ids: 2 },
  // It does not know of the change, as behind a NAT.
  { options: ['--change-local-addr=100ms', '--nat-rebinding', '--delay-stream=300ms'], addresses: 2, ids: 1 },
];
