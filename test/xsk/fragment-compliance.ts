import { afterEach, describe, expect, test } from 'vitest';
import { testFrame } from '../kernel/far-end.js';
import {
  CONTINUED,
  hex,
  QueueDriver,
  type QueueOptions,
  type QueueShape,
  type QueueUnderTest,
} from './queue-driver.js';

/** What an MTU of 9000 lets through. */
const JUMBO = 9014;

/**
 * What every queue does that packets of several fragments can be moved through. `open` makes one whose UMEM keeps a ledger,
 * with a wire that takes packets of 9014 bytes.
 *
 * @param reclaims whether frames of a packet that can't be sent come back: the kernel's were lost until 2026
 */
export function fragmentSuite(
  name: string,
  open: (options: QueueOptions) => QueueUnderTest,
  shape: Omit<QueueShape, 'fragments'>,
  reclaims = true,
): void {
  describe(`${name} as a queue of jumbo packets`, () => {
    const opened: QueueDriver[] = [];
    afterEach(() => {
      for (const driver of opened.splice(0)) driver[Symbol.dispose]();
    });
    const make = (options: Partial<QueueOptions> = {}, batch = 64) => {
      const driver = new QueueDriver(open({ frames: 256, ring: 64, fragments: true, ...shape, ...options }), batch);
      opened.push(driver);
      return driver;
    };
    const mixed = ({ umem }: QueueDriver) => {
      const { capacity } = umem;
      const lengths = [60, JUMBO, capacity, capacity + 1, 61, 2 * capacity, 2 * capacity + 1, 1514, JUMBO - 1];
      return lengths.filter((length) => length <= JUMBO).map((length, i) => testFrame(i, length));
    };
    const framesOf = ({ umem }: QueueDriver, packets: readonly Uint8Array[]) =>
      packets.reduce((sum, { length }) => sum + Math.ceil(length / umem.capacity), 0);

    test('packets of every size arrive whole and in order, each fragment in a frame of its own', async () => {
      const made = make();
      made.rings.refill(64);
      const sent = mixed(made);
      made.inject(sent);
      const frames = framesOf(made, sent);
      await expect.poll(() => made.socket.rx!.peek(64), { interval: 2 }).toBe(frames);
      expect(made.socket.receive(made.batch)).toBe(frames);
      expect(made.batch.packetsIn(0, frames)).toBe(sent.length);
      expect(hex(made.packets())).toEqual(hex(sent));
      const { batch, umem } = made;
      for (let first = 0; first < frames; first = batch.endOf(first)) {
        const parts = [...batch.lengths.subarray(first, batch.endOf(first))];
        expect(parts.slice(0, -1).every((length) => length === umem.capacity)).toBe(true);
      }
      expect(made.umem.ledger!.counts()).toMatchObject({ application: frames, fill: 64 - frames });
      made.giveBack();
      made.expectConserved();
    });

    test('packets of every size leave whole and in order, and each frame comes back', async () => {
      const made = make();
      const packets = mixed(made);
      made.load(packets);
      const { count } = made.batch;
      expect(made.socket.transmit(made.batch, 0, count)).toBe(count);
      expect(made.rings.inTx).toBe(count);
      expect(made.socket.flush()).toBe(0);
      expect(hex(await made.leave(packets.length))).toEqual(hex(packets));
      await made.reap(count);
      made.expectConserved();
    });

    test('fragments of any length make a packet', async () => {
      const made = make();
      const packets = [testFrame(1, 700), testFrame(2, 64), testFrame(3, 1001)];
      made.load(packets, 77);
      const { count } = made.batch;
      expect(made.socket.transmit(made.batch, 0, count)).toBe(count);
      made.socket.flush();
      expect(hex(await made.leave(3))).toEqual(hex(packets));
    });

    test('a received packet leaves without being copied', async () => {
      const made = make();
      made.rings.refill(16);
      const packet = testFrame(3, 5000);
      made.inject([packet]);
      const frames = framesOf(made, [packet]);
      await expect.poll(() => made.socket.receive(made.batch), { interval: 2 }).toBe(frames);
      const last = made.batch.addresses[frames - 1]!;
      made.umem.bytes[last] = 0xee;
      packet[(frames - 1) * made.umem.capacity] = 0xee;
      expect(made.socket.transmit(made.batch, 0, frames)).toBe(frames);
      made.socket.flush();
      expect(hex(await made.leave(1))).toEqual(hex([packet]));
      await made.reap(frames);
      made.expectConserved();
    });

    test('a call that ends with its budget in the middle of a packet tears none', async () => {
      const made = make({ ring: 128 });
      const packets = Array.from({ length: 12 }, (_, i) => testFrame(i, 500));
      made.load(packets, 100);
      expect(made.socket.transmit(made.batch, 0, 60)).toBe(60);
      expect(made.socket.flush()).toBe(0);
      expect(made.socket.kicks).toBeGreaterThanOrEqual(2);
      expect(hex(await made.leave(12))).toEqual(hex(packets));
      await made.reap(60);
      made.expectConserved();
    });

    test('a batch ends with the last packet that is whole', async () => {
      const made = make();
      made.rings.refill(64);
      const sent = [testFrame(0, 5000), testFrame(1, 60), testFrame(2, 5000)];
      made.inject(sent);
      const all = framesOf(made, sent);
      await expect.poll(() => made.socket.rx!.peek(64), { interval: 2 }).toBe(all);
      const small = new QueueDriver(made.queue, all - 1);
      expect(made.socket.receive(small.batch)).toBe(framesOf(made, sent.slice(0, 2)));
      expect(hex(small.packets())).toEqual(hex(sent.slice(0, 2)));
      small.giveBack();
      expect(hex(small.take())).toEqual(hex(sent.slice(2)));
      made.expectConserved();
    });

    test('a packet of more fragments than the batch holds is thrown away whole, and counted', async () => {
      const made = make();
      made.rings.refill(64);
      const sent = [testFrame(0, 60), testFrame(1, JUMBO), testFrame(2, 61), testFrame(3, JUMBO), testFrame(4, 62)];
      made.inject(sent);
      await expect.poll(() => made.socket.rx!.peek(64), { interval: 2 }).toBe(framesOf(made, sent));
      const small = new QueueDriver(made.queue, 2);
      const arrived: Uint8Array[] = [];
      for (let i = 0; i < 20; i++) arrived.push(...small.take());
      expect(hex(arrived)).toEqual(hex([sent[0]!, sent[2]!, sent[4]!]));
      expect(made.socket.oversized).toBe(2);
      made.expectConserved();
    });

    test('too few frames in the fill ring: the packet is lost whole, and they stay there', async () => {
      const made = make();
      const [packet, small] = [testFrame(1, 5000), testFrame(2, 60)];
      const needed = framesOf(made, [packet]);
      made.rings.refill(needed - 1);
      made.inject([packet, small]);
      expect(hex(await made.arrive(1))).toEqual(hex([small]));
      expect(made.socket.statistics()).toMatchObject({ rxDropped: 1, rxRingFull: 0, rxFillRingEmpty: 0 });
      expect(made.rings.inFill).toBe(needed - 2);
      made.rings.refill(2);
      made.inject([packet]);
      expect(hex(await made.arrive(1))).toEqual(hex([packet]));
      made.expectConserved();
    });

    test('too little room in the RX ring: the packet is lost whole, and its frames stay in the fill ring', async () => {
      const made = make();
      made.rings.refill(64);
      const small = Array.from({ length: 62 }, (_, i) => testFrame(i, 60));
      made.inject(small);
      await expect.poll(() => made.socket.rx!.peek(64), { interval: 2 }).toBe(62);
      made.rings.refill(64);
      made.inject([testFrame(1, JUMBO), testFrame(2, 60)]);
      await expect.poll(() => made.socket.rx!.peek(64), { interval: 2 }).toBe(63);
      expect(made.socket.statistics()).toMatchObject({ rxDropped: 0, rxRingFull: 1 });
      expect(hex(made.take())).toEqual(hex([...small, testFrame(2, 60)]));
      expect(made.rings.inFill).toBe(63);
      made.expectConserved();
    });

    test('a TX ring that is short of room takes whole packets, and the rest stay the caller’s', async () => {
      const made = make();
      const packets = Array.from({ length: 12 }, (_, i) => testFrame(i, 500));
      made.load(packets, 100);
      // 64 entries, 17 of which stay empty.
      expect(made.socket.transmit(made.batch, 0, 60)).toBe(45);
      expect(made.socket.transmit(made.batch, 45, 15)).toBe(0);
      expect(made.umem.ledger!.counts()).toMatchObject({ tx: 45, application: 15 });
      expect(made.socket.flush()).toBe(0);
      expect(made.socket.transmit(made.batch, 45, 15)).toBe(15);
      expect(made.socket.flush()).toBe(0);
      expect(hex(await made.leave(12))).toEqual(hex(packets));
      await made.reap(60);
      made.expectConserved();
    });

    test('a packet of as many fragments as a socket may send leaves whole', async () => {
      const made = make();
      const { maxFragments } = made.socket;
      const packet = testFrame(1, maxFragments * 60);
      made.load([packet], 60);
      expect(made.socket.transmit(made.batch, 0, maxFragments)).toBe(maxFragments);
      expect(made.socket.flush()).toBe(0);
      expect(hex(await made.leave(1))).toEqual(hex([packet]));
      await made.reap(maxFragments);
      made.expectConserved();
    });

    // Older kernels keep the frames up to the one they refuse; what of the packet stands behind that leaves as a packet of its own.
    // Some count the refused one as the first of these.
    test.each([19, 40])('one of %d fragments is dropped, and those behind it leave', async (fragments) => {
      const made = make({ ring: 128 });
      const behind = testFrame(2, 60);
      made.load([testFrame(1, fragments * 60), behind], 60);
      expect(made.socket.transmit(made.batch, 0, fragments + 1)).toBe(fragments + 1);
      while (made.socket.tx!.pending() > 0) made.socket.flush();
      const left = await made.leaveUpTo(behind);
      if (!reclaims) return expect(left.length).toBeLessThanOrEqual(2);
      expect(left).toHaveLength(1);
      expect(made.socket.statistics().txInvalidDescriptors).toBe(fragments);
      await made.reap(fragments + 1);
      made.expectConserved();
    });

    test.each([1, 2, 3])('descriptor %d that is refused takes its packet along', async (refused) => {
      const made = make();
      const [before, torn, behind] = [testFrame(0, 60), testFrame(1, 300), testFrame(2, 61)];
      made.load([before, torn, behind], 100);
      const { batch } = made;
      batch.lengths[refused] = made.umem.frameSize + 1;
      expect(made.socket.transmit(batch, 0, 5)).toBe(5);
      while (made.socket.tx!.pending() > 0) made.socket.flush();
      const left = await made.leaveUpTo(behind);
      expect(hex(left.slice(0, 1))).toEqual(hex([before]));
      if (!reclaims) return expect(left.length).toBeLessThanOrEqual(3);
      expect(left).toHaveLength(2);
      expect(made.socket.statistics().txInvalidDescriptors).toBe(3);
      await made.reap(5);
      made.expectConserved();
    });

    test('packets go straight from ring to ring, and only whole', async () => {
      const made = make();
      const sent = mixed(made);
      made.rings.refill(64);
      made.inject(sent);
      const frames = framesOf(made, sent);
      await expect.poll(() => made.socket.rx!.peek(64), { interval: 2 }).toBe(frames);
      // The ledger does not see this.
      const { socket, rings } = made;
      let moved = 0;
      let packets = 0;
      let bytes = 0;
      for (let count = socket.passTo(socket, 7); count > 0; count = socket.passTo(socket, 7)) {
        moved += count;
        packets += socket.passedPackets;
        bytes += socket.passedBytes;
        socket.flush();
      }
      expect([moved, packets]).toEqual([frames, sent.length]);
      expect(bytes).toBe(sent.reduce((sum, { length }) => sum + length, 0));
      expect([rings.received, rings.transmitted]).toEqual([frames, frames]);
      expect(hex(await made.leave(sent.length))).toEqual(hex(sent));
    });

    test('the end of a packet is an option of its last frame only', async () => {
      const made = make();
      made.rings.refill(16);
      made.inject([testFrame(1, JUMBO)]);
      const frames = framesOf(made, [testFrame(1, JUMBO)]);
      await expect.poll(() => made.socket.receive(made.batch), { interval: 2 }).toBe(frames);
      const options = [...made.batch.options.subarray(0, frames)];
      expect(options).toEqual([...new Array<number>(frames - 1).fill(CONTINUED), 0]);
    });
  });
}
