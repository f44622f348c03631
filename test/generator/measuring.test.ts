import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { FrameWriter, parseFrameFields, planFrames } from '../../dist/generator/index.js';
import { bucketEnd, LATENCY_BUCKETS, latencyAt, latencyBucket } from '../../dist/generator/latency-histogram.js';
import { MeasureMeter } from '../../dist/generator/measure-meter.js';
import { addReceiveCounts, MAX_STREAMS, RECEIVE_SLOTS } from '../../dist/generator/receive-counters.js';
import { Arrival, SequenceWindow } from '../../dist/generator/sequence-window.js';

const WINDOW = 1 << 20;

describe('latency histogram', () => {
  test('a bucket holds what belongs there, and is at most a 64th wide', () => {
    fc.assert(
      fc.property(fc.oneof(fc.nat(200), fc.integer({ min: 0, max: 0xffff_ffff })), (nanoseconds) => {
        const bucket = latencyBucket(nanoseconds);
        expect(bucket).toBeLessThan(LATENCY_BUCKETS);
        expect(nanoseconds).toBeLessThanOrEqual(bucketEnd(bucket));
        if (bucket > 0) expect(nanoseconds).toBeGreaterThan(bucketEnd(bucket - 1));
        expect(bucketEnd(bucket)).toBeLessThanOrEqual(nanoseconds * (1 + 1 / 64));
      }),
      { numRuns: 2000 },
    );
    expect(latencyBucket(1e12)).toBe(LATENCY_BUCKETS - 1);
    for (let bucket = 1; bucket < LATENCY_BUCKETS; bucket++) expect(latencyBucket(bucketEnd(bucket))).toBe(bucket);
  });

  test('percentiles are those of the sorted values, to a 64th', () => {
    fc.assert(
      fc.property(
        fc.array(fc.integer({ min: 0, max: 10_000_000 }), { minLength: 1, maxLength: 300 }),
        fc.double({ min: 0, max: 1, noNaN: true }),
        (values, share) => {
          const counts = new Float64Array(LATENCY_BUCKETS);
          for (const value of values) counts[latencyBucket(value)]!++;
          const exact = values.toSorted((a, b) => a - b)[Math.max(1, Math.ceil(values.length * share)) - 1]!;
          const found = latencyAt(counts, share)!;
          expect(found).toBeGreaterThanOrEqual(exact);
          expect(found).toBeLessThanOrEqual(exact * (1 + 1 / 64));
        },
      ),
    );
    expect(latencyAt(new Float64Array(LATENCY_BUCKETS), 0.5)).toBeUndefined();
  });
});

describe('sequence numbers', () => {
  /** What the window has to say, by a set of all that came. */
  class Model {
    highest = -1;
    readonly #seen = new Set<number>();

    add(n: number): Arrival {
      const known = this.#seen.has(n);
      this.#seen.add(n);
      if (n > this.highest) {
        this.highest = n;
        return Arrival.inOrder;
      }
      if (n <= this.highest - WINDOW) return Arrival.tooOld;
      return known ? Arrival.duplicate : Arrival.reordered;
    }
  }

  test('in order, reordered, duplicate, too old: as a set of all numbers tells it', () => {
    const step = fc.oneof(
      { weight: 6, arbitrary: fc.constant(1) },
      { weight: 3, arbitrary: fc.integer({ min: -70, max: 100 }) },
      { weight: 1, arbitrary: fc.integer({ min: -WINDOW - 100, max: 2 * WINDOW }) },
      { weight: 1, arbitrary: fc.constantFrom(WINDOW - 1, WINDOW, 1 - WINDOW, -WINDOW, 0) },
    );
    const start = fc.oneof(fc.constant(0), fc.nat(5_000_000), fc.constant(2 ** 40));
    fc.assert(
      fc.property(start, fc.array(step, { maxLength: 200 }), (start, steps) => {
        const [window, model] = [new SequenceWindow(), new Model()];
        let n = start;
        let lowest = Number.POSITIVE_INFINITY;
        for (const step of steps) {
          n = Math.max(0, n + step);
          lowest = Math.min(lowest, n);
          expect(window.add(n), `number ${n}, highest ${model.highest}`).toBe(model.add(n));
          expect([window.highest, window.lowest]).toEqual([model.highest, lowest]);
        }
      }),
    );
  });
});

describe('meter', () => {
  const frames = (description: object) => {
    const memory = new Uint8Array(4096);
    const writer = new FrameWriter(
      planFrames(parseFrameFields({ payload: 'measure', ...description }, String)),
      memory,
    );
    return (n: number, time: number) => memory.slice(0, writer.write(n, 0, time));
  };
  const metered = (add: (meter: MeasureMeter, deliver: (frame: Uint8Array, now: number) => void) => void) => {
    const row = new Float64Array(RECEIVE_SLOTS);
    const meter = new MeasureMeter(row);
    add(meter, (frame, now) => {
      const memory = Uint8Array.of(1, 2, 3, ...frame, 9, 9);
      meter.add(memory, 3, frame.length, now);
    });
    return addReceiveCounts(row);
  };

  test('finds what is measured by in frames of every kind', () => {
    const kinds = [
      {},
      { vlan: ['5', '6@7'], size: '80-90' },
      { source: '2001:db8::/64', protocol: 'tcp' },
      { protocol: 'icmp', size: 101 },
      { protocol: 'quic', connectionId: 'random:00000000/0', size: '123:2,200:1' },
    ];
    for (const kind of kinds) {
      const frame = frames({ ...kind, stream: 9 });
      const counts = metered((_, deliver) => {
        for (let n = 0; n < 20; n++) deliver(frame(n, 1000 * n), 1000 * n + 500);
      });
      expect(counts).toMatchObject({ frames: 20, unmeasured: 0, clockErrors: 0 });
      expect(counts.streams).toMatchObject([
        { stream: 9, frames: 20, lost: 0, reordered: 0, duplicates: 0, highest: 19 },
      ]);
      expect(counts.latency).toMatchObject({ frames: 20, min: 500, mean: 500, max: 500, p50: 500 });
    }
  });

  test('losses, order, duplicates; Ethernet padding, other frames, and another clock', () => {
    const frame = frames({ size: 70 });
    const counts = metered((_, deliver) => {
      for (const n of [10, 12, 11, 11, 15]) deliver(frame(n, 100), 300);
      deliver(Uint8Array.of(...frame(16, 100), 0, 0, 0), 900);
      deliver(new Uint8Array(70), 950);
      deliver(frame(17, 2000), 1000);
    });
    expect(counts).toMatchObject({ frames: 8, bytes: 8 * 70 + 3, unmeasured: 1, clockErrors: 1 });
    expect(counts.seconds).toBeCloseTo(700e-9, 12);
    expect(counts.streams).toEqual([
      { stream: 0, frames: 7, lowest: 10, highest: 17, duplicates: 1, reordered: 1, tooOld: 0, lost: 2 },
    ]);
    expect(counts.latency).toMatchObject({ frames: 6, min: 200, max: 800 });
  });

  test('streams of several queues are one; beyond what there is room for they are only counted', () => {
    const row = new Float64Array(2 * RECEIVE_SLOTS);
    const halves = [row.subarray(0, RECEIVE_SLOTS), row.subarray(RECEIVE_SLOTS)];
    const meters = halves.map((half) => new MeasureMeter(half));
    const frame = frames({ size: 100 });
    for (let n = 0; n < 100; n++) {
      if (n !== 50) meters[n % 2]!.add(frame(n, 0), 0, 100, 5);
    }
    expect(addReceiveCounts(row).streams).toEqual([
      { stream: 0, frames: 99, lowest: 0, highest: 99, duplicates: 0, reordered: 0, tooOld: 0, lost: 1 },
    ]);
    const counts = metered((_, deliver) => {
      for (let stream = 0; stream < MAX_STREAMS + 3; stream++) deliver(frames({ stream })(0, 0), 1);
    });
    expect(counts.streams).toHaveLength(MAX_STREAMS);
    expect(counts.unfollowed).toBe(3);
  });

  test('garbage is counted, whatever it is', () => {
    const start = frames({ size: 120 })(0, 0);
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.nat(119), fc.nat(255)), { maxLength: 4 }), fc.nat(120), (changes, length) => {
        const bytes = start.slice(0, length);
        for (const [at, byte] of changes) if (at < length) bytes[at] = byte;
        const counts = metered((_, deliver) => deliver(bytes, 5));
        expect(counts.frames).toBe(1);
        expect(counts.unmeasured + counts.streams.reduce((sum, { frames }) => sum + frames, 0)).toBe(1);
      }),
    );
  });
});
