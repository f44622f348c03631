import { afterEach, describe, expect, test } from 'vitest';
import { testFrame } from '../kernel/far-end.js';
import { hex, QueueDriver, type QueueOptions, type QueueShape, type QueueUnderTest } from './queue-driver.js';

const LENGTHS = [60, 61, 64, 128, 511, 512, 1000, 1500, 1514];

/**
 * What every queue does that packets can be moved through, with a kernel behind it or without one. `open` makes one
 * whose UMEM keeps a ledger, with a wire that takes frames of 2500 bytes.
 */
export function complianceSuite(
  name: string,
  open: (options: QueueOptions) => QueueUnderTest,
  shape: QueueShape = {},
): void {
  const { frameSize = 2048, fragments = false } = shape;
  describe(`${name} as a queue`, () => {
    const opened: QueueDriver[] = [];
    afterEach(() => {
      for (const driver of opened.splice(0)) driver[Symbol.dispose]();
    });
    const make = (options: Partial<QueueOptions> = {}, batch = 64) => {
      const driver = new QueueDriver(open({ frames: 256, ring: 64, ...shape, ...options }), batch);
      opened.push(driver);
      return driver;
    };
    const numbered = (count: number, length = 60) => Array.from({ length: count }, (_, i) => testFrame(i, length));

    test('frames of every size arrive as they were sent, in order', async () => {
      const made = make();
      expect(made.rings.refill(64)).toBe(64);
      const sent = [...LENGTHS, made.umem.capacity].map((length, i) => testFrame(i, length));
      made.inject(sent);
      expect(hex(await made.arrive(sent.length))).toEqual(hex(sent));
      made.expectConserved();
    });

    test('a frame stands in the chunk it was given, behind the headroom', async () => {
      const made = make({ frames: 4 });
      made.rings.refill(1);
      made.queue.inject(testFrame(1, 100));
      await expect.poll(() => made.socket.receive(made.batch), { interval: 2 }).toBe(1);
      // The frame given back last is the first to go out again: the pool begins with address 0 on top.
      expect([made.batch.addresses[0], made.batch.lengths[0]]).toEqual([256, 100]);
      expect(made.rings.inFill).toBe(0);
      expect(made.umem.ledger!.counts()).toMatchObject({ free: 3, application: 1 });
    });

    test('many rounds through a small UMEM lose nothing', async () => {
      const made = make({ frames: 64 });
      const rounds = 20;
      for (let round = 0; round < rounds; round++) {
        made.rings.refill(64);
        const sent = Array.from({ length: 50 }, (_, i) => testFrame(round * 50 + i, 60 + ((round * 50 + i) % 1000)));
        made.inject(sent);
        expect(hex(await made.arrive(50))).toEqual(hex(sent));
        made.expectConserved();
      }
      expect(made.rings.received).toBe(rounds * 50);
    });

    test('receive takes no more than the batch holds', async () => {
      const made = make();
      made.rings.refill(64);
      made.inject(numbered(30));
      const small = new QueueDriver(made.queue, 7);
      await expect.poll(() => made.socket.rx!.peek(64), { interval: 2 }).toBe(30);
      expect(small.take(1)).toHaveLength(7);
      expect(small.take()).toHaveLength(23);
      expect(made.socket.receive(small.batch)).toBe(0);
      expect(small.batch.count).toBe(0);
      made.expectConserved();
    });

    test('frames of every size leave as they are, in order', async () => {
      const made = make();
      const frames = [...LENGTHS, made.umem.capacity].map((length, i) => testFrame(i, length));
      made.load(frames);
      expect(made.socket.transmit(made.batch, 0, frames.length)).toBe(frames.length);
      expect(made.rings.inTx).toBe(frames.length);
      expect(made.socket.flush()).toBe(0);
      expect(hex(await made.leave(frames.length))).toEqual(hex(frames));
      await made.reap(frames.length);
      expect(made.rings.inTx).toBe(0);
      made.expectConserved();
    });

    test('a received frame leaves without being copied', async () => {
      const made = make();
      made.rings.refill(8);
      const frame = testFrame(3, 700);
      made.queue.inject(frame);
      await expect.poll(() => made.socket.receive(made.batch), { interval: 2 }).toBe(1);
      const address = made.batch.addresses[0]!;
      made.umem.bytes[address + 20] = 0xee;
      frame[20] = 0xee;
      expect(made.socket.transmit(made.batch, 0, 1)).toBe(1);
      made.socket.flush();
      expect(hex(await made.leave(1))).toEqual(hex([frame]));
      await expect.poll(() => made.rings.reap(64), { interval: 2 }).toBe(1);
      // Wherever in the chunk the frame began, its chunk is free again.
      expect(made.umem.pool.take()).toBe(address - 256);
    });

    test('flush sends more than the 32 frames of one call', async () => {
      const made = make({ ring: 128 });
      made.load(numbered(64));
      expect(made.socket.transmit(made.batch, 0, 64)).toBe(64);
      expect(made.socket.flush()).toBe(0);
      expect(made.socket.kicks).toBeGreaterThanOrEqual(2);
      expect(made.socket.tx!.pending()).toBe(0);
      expect(hex(await made.leave(64))).toEqual(hex(numbered(64)));
    });

    test('flush with nothing to send makes no call', () => {
      const { socket } = make();
      expect(socket.flush()).toBe(0);
      expect(socket.kicks).toBe(0);
    });

    // With fragments some entries stay empty: see the suite for those.
    test.skipIf(fragments)('a full TX ring takes fewer, and the rest stay the caller’s', async () => {
      const made = make();
      made.load(numbered(40));
      expect(made.socket.transmit(made.batch, 0, 40)).toBe(40);
      const second = new QueueDriver(made.queue);
      second.load(numbered(40));
      expect(made.socket.transmit(second.batch, 0, 40)).toBe(24);
      expect(made.socket.transmit(second.batch, 24, 16)).toBe(0);
      expect(made.umem.ledger!.counts()).toMatchObject({ tx: 64, application: 16 });
      expect(made.socket.flush()).toBe(0);
      // Room in the TX ring is room whether or not completions have been taken.
      expect(made.socket.transmit(second.batch, 24, 16)).toBe(16);
      await made.leave(64);
      await made.reap(64);
      made.socket.flush();
      await made.leave(16);
      await made.reap(16);
      made.expectConserved();
    });

    test('a full RX ring drops and counts, and the fill ring keeps its frames', async () => {
      const made = make();
      made.rings.refill(64);
      const sent = numbered(100);
      made.inject(sent.slice(0, 64));
      await expect.poll(() => made.socket.rx!.peek(64), { interval: 2 }).toBe(64);
      expect(made.rings.refill(64)).toBe(64);
      made.inject(sent.slice(64));
      await expect.poll(() => made.socket.statistics().rxRingFull, { interval: 2 }).toBe(36);
      expect(hex(made.take())).toEqual(hex(sent.slice(0, 64)));
      expect(made.rings.inFill).toBe(64);
      // It goes on, with the frames that are in the fill ring still.
      made.inject(sent.slice(64));
      expect(hex(await made.arrive(36))).toEqual(hex(sent.slice(64)));
      expect(made.rings.inFill).toBe(28);
      made.expectConserved();
    });

    test('an empty fill ring loses packets, and says so', async () => {
      const made = make();
      made.rings.refill(3);
      const sent = numbered(10);
      made.inject(sent);
      await expect.poll(() => made.socket.statistics().rxFillRingEmpty, { interval: 2 }).toBe(7);
      expect(made.socket.statistics().rxDropped).toBe(7);
      expect(hex(made.take())).toEqual(hex(sent.slice(0, 3)));
      expect(made.rings.inFill).toBe(0);
      made.rings.refill(64);
      made.queue.inject(sent[9]!);
      expect(hex(await made.arrive(1))).toEqual(hex(sent.slice(9)));
      made.expectConserved();
    });

    test.skipIf(fragments)('a frame too long for a chunk is counted, and its neighbours arrive', async () => {
      const made = make();
      const { capacity } = made.umem;
      made.rings.refill(64);
      const sent = [
        testFrame(0, 60),
        testFrame(1, capacity),
        testFrame(2, capacity + 1),
        testFrame(3, 2500),
        testFrame(4, 60),
      ];
      made.inject(sent);
      const fitting = sent.filter(({ length }) => length <= capacity);
      expect(hex(await made.arrive(fitting.length))).toEqual(hex(fitting));
      const rxDropped = sent.length - fitting.length;
      expect(made.socket.statistics()).toMatchObject({ rxDropped, rxRingFull: 0, rxFillRingEmpty: 0 });
      expect(made.rings.inFill).toBe(64 - fitting.length);
      made.expectConserved();
    });

    test('the fill ring takes no more than it has room for, nor than is free', () => {
      const made = make({ frames: 100 });
      expect(made.rings.refill(10)).toBe(10);
      expect(made.rings.refill(1000)).toBe(54);
      expect(made.rings.refill(1000)).toBe(0);
      expect(made.umem.pool.free).toBe(36);
      const few = make({ frames: 5 });
      expect(few.rings.refill(64)).toBe(5);
      few.expectConserved();
    });

    test('descriptors that point across a chunk or beyond the UMEM are counted and not sent', async () => {
      const made = make();
      made.load(numbered(4));
      const { tx } = made.socket;
      made.batch.lengths[1] = frameSize + 1;
      expect(made.socket.transmit(made.batch, 0, 2)).toBe(2);
      // The ledger would refuse a frame that is none; the ring takes it.
      tx!.reserve(1);
      tx!.writeWhole(Uint32Array.of(made.umem.bytes.length + 256), Uint32Array.of(60), Uint32Array.of(0), 0, 1);
      tx!.submit(1);
      expect(made.socket.transmit(made.batch, 2, 2)).toBe(2);
      // Each refused descriptor ends a call; what stands behind it waits for the next.
      for (let calls = 0; calls < 3; calls++) expect(made.socket.flush()).toBe(0);
      expect(tx!.pending()).toBe(0);
      expect(hex(await made.leave(3))).toEqual(hex([0, 2, 3].map((number) => testFrame(number, 60))));
      expect(made.socket.statistics().txInvalidDescriptors).toBe(2);
    });

    test('closes more than once', () => {
      const made = make();
      made.socket.close();
      expect(made.socket.isClosed).toBe(true);
      made.socket.close();
      made.socket[Symbol.dispose]();
    });
  });
}
