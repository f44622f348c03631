import { afterEach, describe, expect, test } from 'vitest';
import { Batch, FrameOwner, type Umem, type XskSocket } from '../../dist/xsk/index.js';
import { testFrame } from '../kernel/far-end.js';

/** One queue with a socket on it, and the other end of its wire. */
export interface QueueUnderTest extends Disposable {
  readonly umem: Umem;
  readonly socket: XskSocket;
  /** Sends a frame to the queue. It may arrive a little later. */
  inject(frame: Uint8Array): void;
  /** What the socket has put on the wire since the last call. */
  transmitted(): Uint8Array[];
}

export interface QueueOptions {
  readonly frames: number;
  /** Entries of each of the four rings. */
  readonly ring: number;
}

const LENGTHS = [60, 61, 64, 128, 511, 512, 1000, 1500, 1514];

/**
 * What every queue does that packets can be moved through, with a kernel behind it or without one. `open` makes one
 * whose UMEM keeps a ledger, with a wire that takes frames of 2500 bytes.
 */
export function complianceSuite(name: string, open: (options: QueueOptions) => QueueUnderTest): void {
  describe(`${name} as a queue`, () => {
    const opened: QueueUnderTest[] = [];
    afterEach(() => {
      for (const queue of opened.splice(0)) queue[Symbol.dispose]();
    });
    const make = (options: Partial<QueueOptions> = {}) => {
      const queue = open({ frames: 256, ring: 64, ...options });
      opened.push(queue);
      const { umem, socket } = queue;
      const batch = new Batch(umem.bytes, 64);
      return { ...queue, queue, umem, socket, rings: socket.rings, batch };
    };
    type Made = ReturnType<typeof make>;

    /** Receives what has arrived, as copies, and gives the frames back. */
    const take = ({ socket, umem, batch }: Made, max = Number.POSITIVE_INFINITY): Uint8Array[] => {
      const frames: Uint8Array[] = [];
      while (frames.length < max && socket.receive(batch) > 0) {
        for (let i = 0; i < batch.count; i++) {
          const address = batch.addresses[i]!;
          frames.push(umem.bytes.slice(address, address + batch.lengths[i]!));
          umem.ledger!.move(address, FrameOwner.application, FrameOwner.free);
          umem.pool.give(address);
        }
      }
      return frames;
    };
    /** Waits for that many frames. */
    const arrive = async (made: Made, count: number): Promise<Uint8Array[]> => {
      const frames: Uint8Array[] = [];
      await expect.poll(() => frames.push(...take(made)), { interval: 2 }).toBeGreaterThanOrEqual(count);
      return frames;
    };
    /** Puts frames of our own into a batch, as if they had been received. */
    const load = ({ umem, batch }: Made, frames: readonly Uint8Array[]) => {
      for (const [i, frame] of frames.entries()) {
        const address = umem.pool.take() + 256;
        umem.ledger!.move(address, FrameOwner.free, FrameOwner.application);
        umem.bytes.set(frame, address);
        batch.addresses[i] = address;
        batch.lengths[i] = frame.length;
      }
      batch.count = frames.length;
    };
    const leave = async (made: Made, count: number): Promise<Uint8Array[]> => {
      const frames: Uint8Array[] = [];
      await expect.poll(() => frames.push(...made.queue.transmitted()), { interval: 2 }).toBeGreaterThanOrEqual(count);
      return frames;
    };
    const numbered = (count: number, length = 60) => Array.from({ length: count }, (_, i) => testFrame(i, length));
    const hex = (frames: readonly Uint8Array[]) => frames.map((frame) => Buffer.from(frame).toString('hex'));
    /** No frame of the UMEM is lost or doubled: pool, ledger and the rings' own counts agree. */
    const conserved = ({ umem, rings }: Made) => {
      const owned = umem.ledger!.counts();
      expect(owned).toEqual({ free: umem.pool.free, fill: rings.inFill, application: 0, held: 0, tx: rings.inTx });
      expect(owned.free + owned.fill + owned.tx).toBe(umem.frames);
    };

    test('frames of every size arrive as they were sent, in order', async () => {
      const made = make();
      expect(made.rings.refill(64)).toBe(64);
      const sent = LENGTHS.map((length, i) => testFrame(i, length));
      for (const frame of sent) made.queue.inject(frame);
      expect(hex(await arrive(made, sent.length))).toEqual(hex(sent));
      conserved(made);
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
        for (const frame of sent) made.queue.inject(frame);
        expect(hex(await arrive(made, 50))).toEqual(hex(sent));
        conserved(made);
      }
      expect(made.rings.received).toBe(rounds * 50);
    });

    test('receive takes no more than the batch holds', async () => {
      const made = make();
      made.rings.refill(64);
      for (const frame of numbered(30)) made.queue.inject(frame);
      const small = { ...made, batch: new Batch(made.umem.bytes, 7) };
      await expect.poll(() => made.socket.rx!.peek(64), { interval: 2 }).toBe(30);
      expect(take(small, 1)).toHaveLength(7);
      expect(take(small)).toHaveLength(23);
      expect(made.socket.receive(small.batch)).toBe(0);
      expect(small.batch.count).toBe(0);
      conserved(made);
    });

    test('frames of every size leave as they are, in order', async () => {
      const made = make();
      const frames = LENGTHS.map((length, i) => testFrame(i, length));
      load(made, frames);
      expect(made.socket.transmit(made.batch, 0, frames.length)).toBe(frames.length);
      expect(made.rings.inTx).toBe(frames.length);
      expect(made.socket.flush()).toBe(0);
      expect(hex(await leave(made, frames.length))).toEqual(hex(frames));
      let reaped = 0;
      await expect.poll(() => (reaped += made.rings.reap(64)), { interval: 2 }).toBe(frames.length);
      expect(made.rings.inTx).toBe(0);
      conserved(made);
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
      expect(hex(await leave(made, 1))).toEqual(hex([frame]));
      await expect.poll(() => made.rings.reap(64), { interval: 2 }).toBe(1);
      // Wherever in the chunk the frame began, its chunk is free again.
      expect(made.umem.pool.take()).toBe(address - 256);
    });

    test('flush sends more than the 32 frames of one call', async () => {
      const made = make();
      load(made, numbered(64));
      expect(made.socket.transmit(made.batch, 0, 64)).toBe(64);
      expect(made.socket.flush()).toBe(0);
      expect(made.socket.kicks).toBeGreaterThanOrEqual(2);
      expect(made.socket.tx!.pending()).toBe(0);
      expect(hex(await leave(made, 64))).toEqual(hex(numbered(64)));
    });

    test('flush with nothing to send makes no call', () => {
      const { socket } = make();
      expect(socket.flush()).toBe(0);
      expect(socket.kicks).toBe(0);
    });

    test('a full TX ring takes fewer, and the rest stay the caller’s', async () => {
      const made = make();
      load(made, numbered(40));
      expect(made.socket.transmit(made.batch, 0, 40)).toBe(40);
      const first = { ...made, batch: new Batch(made.umem.bytes, 64) };
      load(first, numbered(40));
      expect(made.socket.transmit(first.batch, 0, 40)).toBe(24);
      expect(made.socket.transmit(first.batch, 24, 16)).toBe(0);
      expect(made.umem.ledger!.counts()).toMatchObject({ tx: 64, application: 16 });
      expect(made.socket.flush()).toBe(0);
      // Room in the TX ring is room whether or not completions have been taken.
      expect(made.socket.transmit(first.batch, 24, 16)).toBe(16);
      await leave(made, 64);
      let reaped = 0;
      await expect.poll(() => (reaped += made.rings.reap(64)), { interval: 2 }).toBe(64);
      made.socket.flush();
      await leave(made, 16);
      await expect.poll(() => (reaped += made.rings.reap(64)), { interval: 2 }).toBe(80);
      conserved(made);
    });

    test('a full RX ring drops and counts, and the fill ring keeps its frames', async () => {
      const made = make();
      made.rings.refill(64);
      const sent = numbered(100);
      for (const frame of sent.slice(0, 64)) made.queue.inject(frame);
      await expect.poll(() => made.socket.rx!.peek(64), { interval: 2 }).toBe(64);
      expect(made.rings.refill(64)).toBe(64);
      for (const frame of sent.slice(64)) made.queue.inject(frame);
      await expect.poll(() => made.socket.statistics().rxRingFull, { interval: 2 }).toBe(36);
      expect(hex(take(made))).toEqual(hex(sent.slice(0, 64)));
      expect(made.rings.inFill).toBe(64);
      // It goes on, with the frames that are in the fill ring still.
      for (const frame of sent.slice(64)) made.queue.inject(frame);
      expect(hex(await arrive(made, 36))).toEqual(hex(sent.slice(64)));
      expect(made.rings.inFill).toBe(28);
      conserved(made);
    });

    test('an empty fill ring loses packets, and says so', async () => {
      const made = make();
      made.rings.refill(3);
      const sent = numbered(10);
      for (const frame of sent) made.queue.inject(frame);
      await expect.poll(() => made.socket.statistics().rxFillRingEmpty, { interval: 2 }).toBe(7);
      expect(made.socket.statistics().rxDropped).toBe(7);
      expect(hex(take(made))).toEqual(hex(sent.slice(0, 3)));
      expect(made.rings.inFill).toBe(0);
      made.rings.refill(64);
      made.queue.inject(sent[9]!);
      expect(hex(await arrive(made, 1))).toEqual(hex(sent.slice(9)));
      conserved(made);
    });

    test('a frame too long for a chunk is counted, and its neighbours arrive', async () => {
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
      for (const frame of sent) made.queue.inject(frame);
      const fitting = sent.filter(({ length }) => length <= capacity);
      expect(hex(await arrive(made, 3))).toEqual(hex(fitting));
      expect(made.socket.statistics()).toMatchObject({ rxDropped: 2, rxRingFull: 0, rxFillRingEmpty: 0 });
      expect(made.rings.inFill).toBe(61);
      conserved(made);
    });

    test('the fill ring takes no more than it has room for, nor than is free', () => {
      const made = make({ frames: 100 });
      expect(made.rings.refill(10)).toBe(10);
      expect(made.rings.refill(1000)).toBe(54);
      expect(made.rings.refill(1000)).toBe(0);
      expect(made.umem.pool.free).toBe(36);
      const few = make({ frames: 5 });
      expect(few.rings.refill(64)).toBe(5);
      conserved(few);
    });

    test('descriptors that point across a chunk or beyond the UMEM are counted and not sent', async () => {
      const made = make();
      load(made, numbered(4));
      const { tx } = made.socket;
      made.batch.lengths[1] = 2048;
      expect(made.socket.transmit(made.batch, 0, 2)).toBe(2);
      // The ledger would refuse a frame that is none; the ring takes it.
      tx!.reserve(1);
      tx!.write(Uint32Array.of(made.umem.bytes.length + 256), Uint32Array.of(60), 0, 1);
      tx!.submit(1);
      expect(made.socket.transmit(made.batch, 2, 2)).toBe(2);
      // Each refused descriptor ends a call; what stands behind it waits for the next.
      for (let calls = 0; calls < 3; calls++) expect(made.socket.flush()).toBe(0);
      expect(tx!.pending()).toBe(0);
      expect(hex(await leave(made, 3))).toEqual(hex([0, 2, 3].map((number) => testFrame(number, 60))));
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
