import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { DescribedSource, ReplayedSource } from '../../dist/generator/frame-source.js';
import { FrameWriter, parseFrameFields, planFrames, ReplayReader } from '../../dist/generator/index.js';
import { pacerOf } from '../../dist/generator/pacer.js';
import { SEND_SLOTS, SendSlot } from '../../dist/generator/send-counters.js';
import { XskSender } from '../../dist/generator/xsk-sender.js';
import { pcapHeader, pcapRecord } from '../../dist/wire/index.js';
import { TwinQueue, Umem } from '../../dist/xsk/index.js';
import { withFile } from '../wire/tshark.js';

const planOf = (description: object) => planFrames(parseFrameFields(description, String));
const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString('hex');

describe('pace', () => {
  /** Lets time go by, in steps, and sends what may go. @returns when each frame went */
  const timesOf = (rate: Parameters<typeof pacerOf>[0]['rate'], sizes: readonly number[], steps: readonly number[]) => {
    const pacer = pacerOf({ rate, longest: 1500 });
    let now = 5000;
    pacer.start(now);
    const times: number[] = [];
    for (const step of steps) {
      const count = Math.min(pacer.allowed(now), sizes.length - times.length);
      const bytes = sizes.slice(times.length, times.length + count).reduce((sum, size) => sum + size, 0);
      if (count >= 1) pacer.spent(count, bytes);
      for (let i = 0; i < count; i++) times.push(now - 5000);
      now += step;
    }
    return times;
  };
  const steps = fc.array(fc.double({ min: 0.001, max: 30, noNaN: true }), { minLength: 1, maxLength: 100 });

  test('frames never go sooner than their turn, and none is forgotten while there is time for all', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 2_000_000 }), steps, (perSecond, steps) => {
        const times = timesOf({ unit: 'frames', perSecond }, new Array<number>(5000).fill(64), steps);
        expect(times.findIndex((time, i) => time + 1e-6 < (i * 1000) / perSecond)).toBe(-1);
        const end = steps.slice(0, -1).reduce((sum, step) => sum + step, 0);
        expect(times.length).toBeGreaterThanOrEqual(Math.min(5000, Math.floor((end * perSecond) / 1000 - 1e-6) + 1));
      }),
    );
  });

  test('bits: a frame goes when those before it have had their time', () => {
    const size = fc.integer({ min: 64, max: 1500 });
    fc.assert(
      fc.property(
        fc.integer({ min: 1000, max: 1e10 }),
        fc.array(size, { minLength: 500, maxLength: 500 }),
        steps,
        (perSecond, sizes, steps) => {
          const times = timesOf({ unit: 'bits', perSecond }, sizes, steps);
          // Several go at once: then as many too soon as one longest frame's time.
          let bits = 0;
          for (const [i, time] of times.entries()) {
            expect(time + 12_000_000 / perSecond + 1e-6).toBeGreaterThanOrEqual((bits * 1000) / perSecond);
            bits += sizes[i]! * 8;
          }
        },
      ),
    );
  });

  test('a rate is held on average', () => {
    const times = timesOf(
      { unit: 'bits', perSecond: 8_000_000 },
      new Array<number>(1000).fill(1000),
      new Array<number>(1100).fill(1),
    );
    expect([times.length, times.at(-1)]).toEqual([1000, 999]);
    const late = timesOf({ unit: 'frames', perSecond: 1000 }, new Array<number>(3000).fill(64), [0.5, 2000, 0.5]);
    // A hold-up of two seconds is not made up for: a tenth of a second of frames goes at once.
    expect(late.length).toBeLessThanOrEqual(103);
  });

  test('several senders take turns', () => {
    const starts = [0, 1, 2, 3].map((phase) => {
      const pacer = pacerOf({ rate: { unit: 'frames', perSecond: 1000 }, share: 4, phase, longest: 64 });
      pacer.start(0);
      return [pacer.next(), pacer.allowed(phase), pacer.allowed(phase - 0.01), pacer.allowed(phase + 4)];
    });
    expect(starts).toEqual([0, 1, 2, 3].map((phase) => [phase, 1, 0, 2]));
  });
});

describe('through a socket, in memory', () => {
  const RING = 64;
  function bench(source: (umem: Umem) => DescribedSource | ReplayedSource, batch = 16, frames = RING) {
    const umem = new Umem({ frames, ledger: true });
    const sent: string[] = [];
    const queue = new TwinQueue({ umem, size: RING, onTransmit: (bytes) => sent.push(hex(bytes)) });
    const counters = new Float64Array(SEND_SLOTS);
    const pacer = pacerOf({ rate: { unit: 'max' }, longest: 2048 });
    const sender = new XskSender({ umem, socket: queue.socket, source: source(umem), pacer, batch, counters });
    return { umem, sender, sent, counters };
  }
  const expected = (description: object, numbers: readonly number[]) => {
    const memory = new Uint8Array(2048);
    const writer = new FrameWriter(planOf(description), memory);
    return numbers.map((n) => hex(memory.subarray(0, writer.write(n, 0))));
  };

  test('exactly the frames that were asked for, each once and in order', () => {
    for (const description of [{}, { sourcePort: '1-9', size: '64:2,100:1' }, { source: 'random:10.0.0.0/8' }]) {
      const { umem, sender, sent, counters } = bench(({ bytes, frameSize }) => {
        return new DescribedSource({ plan: planOf(description), bytes, frameSize, first: 2, stride: 3, count: 500 });
      });
      using _ = umem;
      sender.start();
      while (!sender.done) sender.turn();
      const wanted = expected(
        description,
        Array.from({ length: 500 }, (_, i) => 2 + i * 3),
      );
      expect(sent).toEqual(wanted);
      expect(counters[SendSlot.frames]).toBe(500);
      expect(counters[SendSlot.bytes]).toBe(wanted.reduce((sum, frame) => sum + frame.length / 2, 0));
      expect(umem.pool.free).toBe(RING);
    }
  });

  test('more free frames than the TX ring has room for: each is sent all the same', () => {
    const described = ({ bytes, frameSize }: Umem) =>
      new DescribedSource({ plan: planOf({}), bytes, frameSize, first: 0, stride: 1, count: 500 });
    const { umem, sender, sent, counters } = bench(described, 4 * RING, 4 * RING);
    using _ = umem;
    sender.start();
    while (!sender.done) sender.turn();
    expect([sent.length, counters[SendSlot.frames], umem.pool.free]).toEqual([500, 500, 4 * RING]);
  });

  test('told to finish, it waits only for what is on its way', () => {
    const { umem, sender, sent } = bench(({ bytes, frameSize }) => {
      return new DescribedSource({ plan: planOf({}), bytes, frameSize, first: 0, stride: 1, count: Infinity });
    });
    using _ = umem;
    sender.start();
    sender.turn();
    sender.finish();
    for (let i = 0; i < 5 && !sender.done; i++) sender.turn();
    expect([sender.done, sent.length, umem.pool.free]).toEqual([true, 16, RING]);
  });

  test('a replay: its frames as they are, those that are too long left out', () => {
    const lengths = [60, 13, 1514, 1515, 14, 61];
    const frames = lengths.map((length, i) => new Uint8Array(length).fill(i));
    const file = Buffer.concat([
      pcapHeader(),
      ...frames.map((bytes, i) => {
        const { length } = bytes;
        return pcapRecord({ bytes, offset: 0, length, originalLength: length, seconds: 1, nanoseconds: i });
      }),
    ]);
    withFile(file, (path) => {
      using reader = new ReplayReader(path, 2);
      const { umem, sender, sent, counters } = bench(
        ({ bytes }) => new ReplayedSource(reader, bytes, 1514, Number.POSITIVE_INFINITY, false),
      );
      using _ = umem;
      sender.start();
      while (!sender.done) sender.turn();
      const good = frames.filter(({ length }) => length >= 14 && length <= 1514).map(hex);
      expect(sent).toEqual([...good, ...good]);
      expect(counters[SendSlot.skipped]).toBe(4);
    });
  });

  test('a replay whose capture is damaged: what stands before is sent, however many go at once', () => {
    const frames = Array.from({ length: 5 }, (_, i) => new Uint8Array(60).fill(i));
    const records = frames.map((bytes) =>
      pcapRecord({ bytes, offset: 0, length: 60, originalLength: 60, seconds: 1, nanoseconds: 0 }),
    );
    withFile(Buffer.concat([pcapHeader(), ...records]).subarray(0, -1), (path) => {
      using reader = new ReplayReader(path, 1);
      const { umem, sender, sent } = bench(({ bytes }) => new ReplayedSource(reader, bytes, 1514, 100, false));
      using _ = umem;
      sender.start();
      while (!sender.done) sender.turn();
      expect(sent).toEqual(frames.slice(0, -1).map(hex));
      expect(() => sender.end()).toThrow(expect.objectContaining({ code: 'XDP_ERR_CAPTURE' }));
    });
  });

  test('a replay with its own times: nothing before it is due', () => {
    const file = Buffer.concat([
      pcapHeader(),
      ...[0, 10, 20, 30].map((milliseconds) => {
        const nanoseconds = milliseconds * 1e6;
        return pcapRecord({
          bytes: new Uint8Array(60),
          offset: 0,
          length: 60,
          originalLength: 60,
          seconds: 9,
          nanoseconds,
        });
      }),
    ]);
    withFile(file, (path) => {
      using reader = new ReplayReader(path);
      const source = new ReplayedSource(reader, new Uint8Array(8192), 2048, 3, true);
      const addresses = Uint32Array.of(0, 2048, 4096, 6144);
      const write = (elapsed: number) => source.write(addresses, new Uint32Array(4), 4, 0, elapsed);
      expect([write(0), source.due, write(9.9e6), write(25e6), source.ended]).toEqual([1, 10e6, 0, 2, true]);
    });
  });
});
