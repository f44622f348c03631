import { EtherType, IPV6_HEADER, payloadOffset, u16, u32 } from '../wire/index.js';
import { latencyBucket } from './latency-histogram.js';
import { MEASURE_MAGIC, Measure, u64 } from './measure.js';
import { LATENCIES_AT, MAX_STREAMS, PerStream, STREAM_SLOTS, STREAMS_AT, Total } from './receive-counters.js';
import { Arrival, SequenceWindow } from './sequence-window.js';

interface Stream {
  readonly number: number;
  readonly window: SequenceWindow;
  /** Where its counters stand. */
  readonly at: number;
}

/** Takes note of frames as they come in on one queue, in a row of shared counters. */
export class MeasureMeter {
  readonly #row: Float64Array;
  readonly #streams: Stream[] = [];
  /** The one that the last frame was of: mostly the next one's too. */
  #last: Stream | undefined;

  /** @param row of {@link RECEIVE_SLOTS}; several meters of one thread may share it */
  constructor(row: Float64Array) {
    this.#row = row;
  }

  /** @param now nanoseconds of CLOCK_MONOTONIC */
  add(bytes: Uint8Array, start: number, length: number, now: number): void {
    const row = this.#row;
    row[Total.frames]!++;
    row[Total.bytes]! += length;
    if (row[Total.first] === 0) row[Total.first] = now;
    row[Total.last] = now;
    const at = measureOffset(bytes, start, length);
    if (at < 0) {
      row[Total.unmeasured]!++;
      return;
    }
    const stream = this.#streamOf(u32(bytes, at + Measure.stream));
    if (stream === undefined) row[Total.unfollowed]!++;
    else this.#count(stream, u64(bytes, at + Measure.sequence));
    this.#time(now - u64(bytes, at + Measure.time));
  }

  #count({ window, at }: Stream, sequence: number): void {
    const row = this.#row;
    const arrival = window.add(sequence);
    row[at + PerStream.frames]!++;
    row[at + PerStream.highest] = window.highest;
    if (window.lowest < row[at + PerStream.lowest]!) row[at + PerStream.lowest] = window.lowest;
    if (arrival === Arrival.inOrder) return;
    if (arrival === Arrival.duplicate) row[at + PerStream.duplicates]!++;
    else row[at + PerStream.reordered]!++;
    if (arrival === Arrival.tooOld) row[at + PerStream.tooOld]!++;
  }

  #time(latency: number): void {
    const row = this.#row;
    if (latency < 0) {
      row[Total.clockErrors]!++;
      return;
    }
    if (row[Total.latencies] === 0 || latency < row[Total.latencyMin]!) row[Total.latencyMin] = latency;
    if (latency > row[Total.latencyMax]!) row[Total.latencyMax] = latency;
    row[Total.latencies]!++;
    row[Total.latencySum]! += latency;
    row[LATENCIES_AT + latencyBucket(latency)]!++;
  }

  #streamOf(number: number): Stream | undefined {
    if (this.#last?.number === number) return this.#last;
    let stream = this.#streams.find((known) => known.number === number);
    if (stream === undefined) {
      const row = this.#row;
      const index = row[Total.streams]!;
      if (index === MAX_STREAMS) return undefined;
      const at = STREAMS_AT + index * STREAM_SLOTS;
      row[at + PerStream.stream] = number;
      row[at + PerStream.lowest] = Number.POSITIVE_INFINITY;
      row[Total.streams] = index + 1;
      stream = { number, window: new SequenceWindow(), at };
      this.#streams.push(stream);
    }
    this.#last = stream;
    return stream;
  }
}

/** Where the measured values stand in a frame; -1 when it has none. */
function measureOffset(bytes: Uint8Array, start: number, length: number): number {
  const ip = payloadOffset(bytes, start, length);
  const end = start + length;
  if (ip < 0 || ip + 6 > end) return -1;
  const type = u16(bytes, ip - 2);
  const size =
    type === EtherType.ipv4 ? u16(bytes, ip + 2) : type === EtherType.ipv6 ? IPV6_HEADER + u16(bytes, ip + 4) : 0;
  if (size < Measure.length || ip + size > end) return -1;
  const at = ip + size - Measure.length;
  return u32(bytes, at + Measure.magic) === MEASURE_MAGIC ? at : -1;
}
