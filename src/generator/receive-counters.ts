import { LATENCY_BUCKETS, latencyAt } from './latency-histogram.js';

/** What a receiving worker counts of everything. */
const TOTALS = [
  'frames',
  'bytes',
  /** Frames without what is measured by. */
  'unmeasured',
  /** Frames of streams that there was no room for. */
  'unfollowed',
  /** Frames that were sent later than they came: by a clock that is not ours. */
  'clockErrors',
  /** Sum of the latencies, in nanoseconds, and their number; the shortest and the longest. */
  'latencySum',
  'latencies',
  'latencyMin',
  'latencyMax',
  /** Nanoseconds of CLOCK_MONOTONIC when the first and the last frame came; 0 before. */
  'first',
  'last',
  /** The kernel's: lost because a ring was full or no frame was free. */
  'dropped',
  'streams',
] as const;
/** And of each stream. */
const PER_STREAM = ['stream', 'frames', 'lowest', 'highest', 'duplicates', 'reordered', 'tooOld'] as const;

const slots = <T extends string>(names: readonly T[]) =>
  Object.fromEntries(names.map((name, i) => [name, i])) as Readonly<Record<T, number>>;
export const Total: Readonly<Record<(typeof TOTALS)[number], number>> = slots(TOTALS);
export const PerStream: Readonly<Record<(typeof PER_STREAM)[number], number>> = slots(PER_STREAM);

export const MAX_STREAMS = 64;
export const STREAM_SLOTS: number = PER_STREAM.length;
export const STREAMS_AT: number = TOTALS.length;
export const LATENCIES_AT: number = STREAMS_AT + MAX_STREAMS * STREAM_SLOTS;
/** Slots of one worker's row. */
export const RECEIVE_SLOTS: number = LATENCIES_AT + LATENCY_BUCKETS;

/** One stream, on all queues. */
export interface StreamCounts {
  readonly stream: number;
  /** Those that were seen before included. */
  readonly frames: number;
  readonly duplicates: number;
  /** Numbers between the lowest and the highest that never came. */
  readonly lost: number;
  /** Frames that came behind a later one of their queue. */
  readonly reordered: number;
  /** Of those, how many came so late that nobody can tell whether they came before: by more than a million frames. */
  readonly tooOld: number;
  readonly lowest: number;
  readonly highest: number;
}

/** Latencies in nanoseconds, from a frame's stamp to when it was taken from the ring; to a 64th. */
export interface Latency {
  readonly frames: number;
  readonly min: number;
  readonly mean: number;
  readonly p50: number;
  readonly p90: number;
  readonly p99: number;
  readonly p999: number;
  readonly max: number;
}

export interface ReceiveCounts {
  readonly frames: number;
  readonly bytes: number;
  readonly unmeasured: number;
  readonly unfollowed: number;
  readonly clockErrors: number;
  /** Frames that the kernel had no room for. */
  readonly dropped: number;
  /** Seconds from the first frame to the last. */
  readonly seconds: number;
  readonly streams: readonly StreamCounts[];
  /** Undefined when nothing was measured. */
  readonly latency: Latency | undefined;
}

/** Adds the rows of all workers up. */
export function addReceiveCounts(memory: Float64Array): ReceiveCounts {
  const rows: Float64Array[] = [];
  for (let at = 0; at < memory.length; at += RECEIVE_SLOTS) rows.push(memory.subarray(at, at + RECEIVE_SLOTS));
  const sum = (name: keyof typeof Total) => rows.reduce((total, row) => total + row[Total[name]]!, 0);
  const active = rows.filter((row) => row[Total.first]! > 0);
  const first = Math.min(...active.map((row) => row[Total.first]!));
  const last = Math.max(...active.map((row) => row[Total.last]!));
  return {
    frames: sum('frames'),
    bytes: sum('bytes'),
    unmeasured: sum('unmeasured'),
    unfollowed: sum('unfollowed'),
    clockErrors: sum('clockErrors'),
    dropped: sum('dropped'),
    seconds: active.length === 0 ? 0 : (last - first) / 1e9,
    streams: addStreams(rows),
    latency: addLatencies(rows, sum('latencySum'), sum('latencies')),
  };
}

function addStreams(rows: readonly Float64Array[]): StreamCounts[] {
  const streams = new Map<number, StreamCounts>();
  for (const row of rows) {
    for (let i = 0; i < row[Total.streams]!; i++) {
      const of = (name: keyof typeof PerStream) => row[STREAMS_AT + i * STREAM_SLOTS + PerStream[name]]!;
      const before = streams.get(of('stream'));
      const frames = of('frames') + (before?.frames ?? 0);
      const duplicates = of('duplicates') + (before?.duplicates ?? 0);
      const lowest = Math.min(of('lowest'), before?.lowest ?? Number.POSITIVE_INFINITY);
      const highest = Math.max(of('highest'), before?.highest ?? -1);
      streams.set(of('stream'), {
        stream: of('stream'),
        frames,
        duplicates,
        lowest,
        highest,
        lost: Math.max(0, highest - lowest + 1 - (frames - duplicates)),
        reordered: of('reordered') + (before?.reordered ?? 0),
        tooOld: of('tooOld') + (before?.tooOld ?? 0),
      });
    }
  }
  return [...streams.values()].sort((a, b) => a.stream - b.stream);
}

function addLatencies(rows: readonly Float64Array[], total: number, frames: number): Latency | undefined {
  if (frames === 0) return undefined;
  const counts = new Float64Array(LATENCY_BUCKETS);
  for (const row of rows) for (let i = 0; i < LATENCY_BUCKETS; i++) counts[i]! += row[LATENCIES_AT + i]!;
  const measured = rows.filter((row) => row[Total.latencies]! > 0);
  const max = Math.max(...measured.map((row) => row[Total.latencyMax]!));
  const at = (share: number) => Math.min(latencyAt(counts, share)!, max);
  return {
    frames,
    min: Math.min(...measured.map((row) => row[Total.latencyMin]!)),
    mean: total / frames,
    p50: at(0.5),
    p90: at(0.9),
    p99: at(0.99),
    p999: at(0.999),
    max,
  };
}
