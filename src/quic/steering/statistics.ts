/** What a steering has counted since it was loaded, in packets. Every packet to its ports is in `packets`. */
export interface SteeringStatistics {
  readonly packets: number;
  /** Client's first packets (Initial, and 0-RTT): their ID is of the client's making, or the first that the server gave it. */
  readonly initial: number;
  /** Of a version that is neither 1, 2 nor 0. */
  readonly unknownVersion: number;
  /** By their connection ID, at a backend. */
  readonly routed: number;
  /** IDs that the codec doesn't read: hashed. */
  readonly invalid: number;
  /** IDs that name a server that is no backend: hashed. */
  readonly unknown: number;
  /** By hash of addresses and ports: all that were not routed, and are not odd. */
  readonly hashed: number;
  /** Of these: the flow was in the table of flows. */
  readonly flowHits: number;
  /** The flow was not there, its backend is gone, or it was silent for too long: by Maglev hashing. */
  readonly flowMisses: number;
  /** Of these: not entered into the table, as too many were new. */
  readonly flowsNotKept: number;
  /** IDs that got no counter, as too many were new. */
  readonly idsNotCounted: number;
  /** There is no backend to hash to. */
  readonly noBackend: number;
  /** Odd: less than a QUIC packet needs, so that it can't be one. */
  readonly truncated: number;
  /** Odd: an ID of more than 20 bytes in version 1 or 2. */
  readonly forbiddenLength: number;
  /** Odd: version 0 is version negotiation, which no server gets. */
  readonly versionZero: number;
  /** Handed to a backend's socket, or to what `withoutSocket` says if it has none. */
  readonly toSocket: number;
  readonly toHost: number;
  readonly toDrop: number;
  /** IDs that were decoded, by the codec's version or configuration (`CidCodec.variant`): 8 numbers. */
  readonly variants: readonly number[];
}

type Counter = Exclude<keyof SteeringStatistics, 'variants'>;

const COUNTERS: readonly Counter[] = [
  'packets',
  'initial',
  'unknownVersion',
  'routed',
  'invalid',
  'unknown',
  'hashed',
  'flowHits',
  'flowMisses',
  'flowsNotKept',
  'idsNotCounted',
  'noBackend',
  'truncated',
  'forbiddenLength',
  'versionZero',
  'toSocket',
  'toHost',
  'toDrop',
];

const VARIANTS = 8;
/** Offsets in bytes in the one value of `quic_stats`, all u64. */
export const Statistic: Readonly<Record<Counter, number>> & {
  readonly variants: number;
  /** When the next new flow, and the next new counter of an ID, would have come at the allowed rate: nanoseconds. */
  readonly flowTime: number;
  readonly counterTime: number;
  /** Bytes of the value. */
  readonly size: number;
} = {
  ...(Object.fromEntries(COUNTERS.map((name, i) => [name, 8 * i])) as Record<Counter, number>),
  variants: 8 * COUNTERS.length,
  flowTime: 8 * (COUNTERS.length + VARIANTS),
  counterTime: 8 * (COUNTERS.length + VARIANTS + 1),
  size: 8 * (COUNTERS.length + VARIANTS + 2),
};

/** Adds up the values of all CPUs, side by side in memory. */
export function readStatistics(values: Uint8Array): SteeringStatistics {
  const view = new DataView(values.buffer, values.byteOffset, values.byteLength);
  const sum = (offset: number) => {
    let total = 0n;
    for (let at = offset; at < values.length; at += Statistic.size) total += view.getBigUint64(at, true);
    return Number(total);
  };
  return {
    ...(Object.fromEntries(COUNTERS.map((name) => [name, sum(Statistic[name])])) as Record<Counter, number>),
    variants: Array.from({ length: VARIANTS }, (_, i) => sum(Statistic.variants + 8 * i)),
  };
}
