import { randomInt } from 'node:crypto';
import { XdpError } from '../../sys/index.js';
import type { CidCodec } from '../cid/codec.js';

export interface SteeringOptions {
  /** How connection IDs name backends. */
  readonly codec: CidCodec;
  /** Receive queues of the interface, or more: 1 to 4096. */
  readonly queues: number;
  /** UDP destination ports, 1 to 16; packets to others pass. Default: all, for who steers behind a rule. */
  readonly ports?: readonly number[] | undefined;
  /** Backends at most: 1 to 4096. Default 64. */
  readonly capacity?: number | undefined;
  /**
   * What becomes of packets whose ID the client has made up: Initial and 0-RTT packets, and those of an unknown version. Default: the
   * codec's own choice.
   */
  readonly initial?: 'decode' | 'hash' | undefined;
  /** What becomes of packets that no QUIC server could use: truncated, with an ID of forbidden length, of version 0. Default `drop`. */
  readonly oddPackets?: 'drop' | 'pass' | undefined;
  /** What becomes of a packet whose backend has no socket for its queue, and of all while there is no backend. Default `pass`. */
  readonly withoutSocket?: 'drop' | 'pass' | undefined;
  /**
   * Bytes of the IDs in short headers, which don't tell: so many are counted as one ID, 1 to 20. Default: as the codec encodes them. The
   * least where the servers' IDs differ in length.
   */
  readonly idLength?: number | undefined;
  /** Flows that the table of flows has room for: 1 to 16,777,216. Default 65,536. */
  readonly flows?: number | undefined;
  /** Connection IDs that have a counter: 1 to 16,777,216. Default 1024. */
  readonly counters?: number | undefined;
  /** New flows, and as many new counters, that one CPU may enter in a second: 1 to 1,000,000. Default 2048. */
  readonly insertsPerSecond?: number | undefined;
  /** A u32 that nobody outside should know, as it tells who meets whom in the hashed tables. Default: random. */
  readonly hashSeed?: number | undefined;
}

/** All of {@link SteeringOptions}, checked. */
export interface SteeringPlan {
  readonly codec: CidCodec;
  readonly queues: number;
  /** Empty: all. */
  readonly ports: readonly number[];
  readonly capacity: number;
  readonly initial: 'decode' | 'hash';
  readonly oddPackets: 'drop' | 'pass';
  readonly withoutSocket: 'drop' | 'pass';
  readonly idLength: number;
  readonly flows: number;
  readonly counters: number;
  readonly insertsPerSecond: number;
  readonly hashSeed: number;
}

const MOST_PORTS = 16;
const MOST_BACKENDS = 4096;
const MOST_ENTRIES = 1 << 24;
const LONGEST_ID = 20;
/** Variants of a codec that have a counter of their own. */
const MOST_VARIANTS = 8;

/** @throws XDP_ERR_USAGE for what is out of range */
export function steeringPlan(options: SteeringOptions): SteeringPlan {
  const { codec, ports = [] } = options;
  if (ports.length > MOST_PORTS) throw usage(`a steering has at most ${MOST_PORTS} ports, not ${ports.length}`);
  for (const port of ports) whole('a port', port, 0, 65_535);
  if (codec.variant !== undefined && 256 >> codec.variant.shift > MOST_VARIANTS) {
    throw usage(`the codec ${codec.name} tells more than ${MOST_VARIANTS} variants apart`);
  }
  return {
    codec,
    queues: whole('queues', options.queues, 1, 4096),
    ports: [...new Set(ports)],
    capacity: whole('capacity', options.capacity ?? 64, 1, MOST_BACKENDS),
    initial: options.initial ?? codec.initial,
    oddPackets: options.oddPackets ?? 'drop',
    withoutSocket: options.withoutSocket ?? 'pass',
    idLength: whole('idLength', options.idLength ?? codec.idLength, 1, LONGEST_ID),
    flows: whole('flows', options.flows ?? 65_536, 1, MOST_ENTRIES),
    counters: whole('counters', options.counters ?? 1024, 1, MOST_ENTRIES),
    insertsPerSecond: whole('insertsPerSecond', options.insertsPerSecond ?? 2048, 1, 1_000_000),
    hashSeed: whole('hashSeed', options.hashSeed ?? randomInt(2 ** 32), 0, 2 ** 32 - 1),
  };
}

export function whole(name: string, value: number, least: number, most: number): number {
  if (Number.isInteger(value) && value >= least && value <= most) return value;
  throw usage(`${name} is a whole number from ${least} to ${most}, not ${value}`);
}

export function usage(message: string): XdpError {
  return new XdpError('XDP_ERR_USAGE', message);
}
