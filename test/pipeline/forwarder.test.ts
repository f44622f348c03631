import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { auditFrames, Counters, DROP_REASONS, Forwarder, type PacketCallback } from '../../dist/pipeline/index.js';
import { TwinQueue, Umem } from '../../dist/xsk/index.js';
import { buildPacket, withChecksum } from '../wire/reference-packet.js';

interface BenchOptions {
  readonly ring?: number;
  readonly batch?: number;
  readonly queues?: number;
  readonly callback?: PacketCallback;
  readonly partialChecksums?: boolean;
  /** Where ring indices begin. */
  readonly start?: number;
  /** Default true. */
  readonly ledger?: boolean;
}

/** Two ports of in-memory queues, a forwarder between them, and the ledger on. */
function makeBench(options: BenchOptions = {}) {
  const { ring = 16, batch = 8, queues = 1, partialChecksums = false, start = 0, ledger = true } = options;
  const umem = new Umem({ frames: 2 * queues * (2 * ring + batch), ledger });
  const sent: Uint8Array[][] = [];
  const twins = Array.from({ length: 2 * queues }, (_, i) => {
    const out: Uint8Array[] = [];
    sent.push(out);
    return new TwinQueue({
      umem,
      queue: i % queues,
      size: ring,
      start,
      onTransmit: (bytes) => out.push(bytes.slice()),
    });
  });
  const counters = new Counters(twins.length, 1);
  const forwarder = new Forwarder({
    umem,
    sockets: twins.map(({ socket }, i) => {
      return { socket, port: Math.floor(i / queues), row: counters.socketRow(i), partialChecksums };
    }),
    counters: counters.slots,
    batch,
    callback: options.callback,
  });
  forwarder.turn();
  const drain = () => {
    while (forwarder.turn() > 0);
    forwarder.turn();
    forwarder.sample();
  };
  const sockets = twins.map(({ socket }) => socket);
  return {
    umem,
    twins,
    sent,
    forwarder,
    drain,
    counts: (socket: number) => counters.readSocket(socket),
    /** Every frame is in one place, by the ledger, by the audit and by the rings' counts. */
    expectConserved() {
      const { free, fill, application, held, tx } = umem.ledger?.counts() ?? {
        free: umem.pool.free,
        fill: umem.frames - umem.pool.free,
        application: 0,
        held: 0,
        tx: 0,
      };
      expect([application, held, tx]).toEqual([0, 0, 0]);
      expect(auditFrames(umem, sockets)).toEqual({
        frames: umem.frames,
        free,
        inRings: fill,
        inKernel: 0,
        duplicated: 0,
        lost: 0,
      });
      expect(umem.pool.free).toBe(free);
    },
    [Symbol.dispose]: () => umem.close(),
  };
}

const frame = (number: number, length: number, kind = 0) => {
  const bytes = Uint8Array.from({ length }, (_, i) => (number + i) & 255);
  bytes.set([number >> 8, number & 255, kind], 20);
  return bytes;
};
const hex = (frames: readonly Uint8Array[]) => frames.map((bytes) => Buffer.from(bytes).toString('hex'));

const arrival = fc.record({
  queue: fc.nat(3),
  count: fc.integer({ min: 1, max: 12 }),
  length: fc.integer({ min: 60, max: 1792 }),
  turns: fc.integer({ min: 0, max: 2 }),
});
const shape = fc.record({
  ring: fc.constantFrom(8, 16, 64),
  batch: fc.constantFrom(1, 3, 8),
  queues: fc.constantFrom(1, 2),
  // Without one, packets go straight from ring to ring.
  ledger: fc.boolean(),
  start: fc.constantFrom(0, 2 ** 32 - 5, 2 ** 31 - 5),
});

describe('without a callback', () => {
  test('what a queue takes comes out of the same queue of the other port, whole and in order', () => {
    fc.assert(
      fc.property(shape, fc.array(arrival, { maxLength: 40 }), (options, arrivals) => {
        using bench = makeBench(options);
        const taken: Uint8Array[][] = bench.twins.map(() => []);
        let number = 0;
        let lost = 0;
        for (const { queue, count, length, turns } of arrivals) {
          const at = queue % bench.twins.length;
          for (let i = 0; i < count; i++) {
            const bytes = frame(number++, length);
            if (bench.twins[at]!.deliver(bytes)) taken[at]!.push(bytes);
            else lost++;
          }
          for (let i = 0; i < turns; i++) bench.forwarder.turn();
        }
        bench.drain();
        const { queues } = options;
        let dropped = 0;
        for (const [at, frames] of taken.entries()) {
          const opposite = (at + queues) % (2 * queues);
          expect(hex(bench.sent[opposite]!)).toEqual(hex(frames));
          const { rxPackets, rxBytes, kernelRxRingFull, kernelFillRingEmpty } = bench.counts(at);
          const { txPackets, txBytes, kicks } = bench.counts(opposite);
          const bytes = frames.reduce((sum, { length }) => sum + length, 0);
          expect([rxPackets, rxBytes, txPackets, txBytes]).toEqual([frames.length, bytes, frames.length, bytes]);
          expect(kicks > 0).toBe(frames.length > 0);
          for (const reason of DROP_REASONS) dropped += bench.counts(at)[reason];
          dropped += kernelRxRingFull + kernelFillRingEmpty;
        }
        // Nothing is lost but what the rings had no room for, and that is counted.
        expect(dropped).toBe(lost);
        bench.expectConserved();
      }),
      { numRuns: 150 },
    );
  });

  test('with one port only, packets are looked at and dropped', () => {
    using umem = new Umem({ frames: 32, ledger: true });
    const twin = new TwinQueue({ umem, size: 8 });
    const counters = new Counters(1, 0);
    const sockets = [{ socket: twin.socket, port: 0, row: 0, partialChecksums: false }];
    const forwarder = new Forwarder({ umem, sockets, counters: counters.slots, batch: 8 });
    forwarder.turn();
    twin.deliver(frame(1, 60));
    forwarder.turn();
    expect(counters.readSocket(0)).toMatchObject({ rxPackets: 1, mirrored: 1, txPackets: 0 });
    expect(auditFrames(umem, [twin.socket])).toMatchObject({ lost: 0, duplicated: 0 });
  });
});

describe('with a callback', () => {
  /** What the callback does with a packet stands in its byte 22. */
  const KINDS = [
    'across',
    'drop',
    'dropOther',
    'unknown',
    'beyond32Bits',
    'infinite',
    'throw',
    'longer',
    'shorter',
    'tooLong',
    'back',
    'write',
    'undefined',
    'notANumber',
  ] as const;
  const obey: PacketCallback = (packet, ingress) => {
    switch (KINDS[packet.u8(22)]) {
      case 'drop':
        return -1;
      case 'dropOther':
        return -4;
      case 'unknown':
        return 2;
      case 'beyond32Bits':
        return 2 ** 32 + 1;
      case 'infinite':
        return Number.POSITIVE_INFINITY;
      case 'throw':
        throw new Error('a callback that throws');
      case 'longer':
        packet.length += 10;
        for (let i = 1; i <= 10; i++) packet.setU8(packet.length - i, 0xee);
        break;
      case 'shorter':
        packet.length = 30;
        break;
      case 'tooLong':
        packet.length = 1793;
        break;
      case 'back':
        return ingress;
      case 'write':
        packet.setU32(24, 0xdeadbeef);
        break;
      case 'undefined':
        return undefined as unknown as number;
      case 'notANumber':
        return Number.NaN;
    }
    return 1 - ingress;
  };

  test('each packet leaves as it was told to, or is counted under its reason', () => {
    const kinds = fc.array(
      fc.record({ port: fc.nat(1), kind: fc.nat(KINDS.length - 1), length: fc.integer({ min: 60, max: 1700 }) }),
      {
        maxLength: 60,
      },
    );
    fc.assert(
      fc.property(kinds, fc.constantFrom(1, 3, 8), (packets, batch) => {
        using bench = makeBench({ batch, callback: obey });
        const expected: Uint8Array[][] = [[], []];
        const reasons = [0, 1].map(() => ({ callback: 0, unknownPort: 0, callbackError: 0, txRingFull: 0 }));
        for (const [number, { port, kind, length }] of packets.entries()) {
          const bytes = frame(number, length, kind);
          expect(bench.twins[port]!.deliver(bytes)).toBe(true);
          const name = KINDS[kind];
          if (name === 'drop' || name === 'dropOther') reasons[port]!.callback++;
          else if (name === 'unknown' || name === 'beyond32Bits' || name === 'infinite') reasons[port]!.unknownPort++;
          else if (name === 'throw' || name === 'tooLong' || name === 'undefined' || name === 'notANumber')
            reasons[port]!.callbackError++;
          else {
            if (name === 'write') bytes.set([0xde, 0xad, 0xbe, 0xef], 24);
            const changed = name === 'longer' ? Uint8Array.of(...bytes, ...new Array<number>(10).fill(0xee)) : bytes;
            expected[name === 'back' ? port : 1 - port]!.push(name === 'shorter' ? bytes.slice(0, 30) : changed);
          }
          if (number % 5 === 4) bench.drain();
        }
        bench.drain();
        for (const port of [0, 1]) {
          expect(bench.counts(port)).toMatchObject(reasons[port]!);
          // Packets of two ports that leave by one may be interleaved differently.
          expect(hex(bench.sent[port]!).toSorted()).toEqual(hex(expected[port]!).toSorted());
        }
        bench.expectConserved();
      }),
      { numRuns: 150 },
    );
  });

  test('is told the port a packet came in by', () => {
    const seen: number[] = [];
    using bench = makeBench({
      callback: (packet, ingress) => {
        seen.push(packet.u16(20) * 10 + ingress);
        return -1;
      },
    });
    bench.twins[0]!.deliver(frame(1, 60));
    bench.twins[1]!.deliver(frame(2, 60));
    bench.drain();
    expect(seen).toEqual([10, 21]);
  });
});

test('a TX ring whose device takes nothing: drops are counted, and all is well when it goes on', () => {
  using umem = new Umem({ frames: 128, ledger: true });
  const source = new TwinQueue({ umem, size: 16 });
  const sent: Uint8Array[] = [];
  const target = new TwinQueue({ umem, size: 16, onTransmit: (bytes) => sent.push(bytes.slice()) });
  let blocked = true;
  const real = target.socket.flush.bind(target.socket);
  target.socket.flush = () => (blocked ? -11 : real());
  const counters = new Counters(2, 0);
  const sockets = [source, target].map(({ socket }, port) => {
    return { socket, port, row: counters.socketRow(port), partialChecksums: false };
  });
  const forwarder = new Forwarder({ umem, sockets, counters: counters.slots, batch: 8 });
  forwarder.turn();
  const frames = Array.from({ length: 24 }, (_, i) => frame(i, 100));
  for (const bytes of frames) {
    expect(source.deliver(bytes)).toBe(true);
    forwarder.turn();
  }
  expect(forwarder.isStalled).toBe(true);
  expect(counters.readSocket(0)).toMatchObject({ rxPackets: 24, txRingFull: 8 });
  expect(counters.readSocket(1)).toMatchObject({ txPackets: 16, txBytes: 1600 });
  blocked = false;
  for (let turn = 0; turn < 4; turn++) forwarder.turn();
  expect(forwarder.isStalled).toBe(false);
  expect(hex(sent)).toEqual(hex(frames.slice(0, 16)));
  expect(umem.ledger!.counts()).toMatchObject({ application: 0, tx: 0 });
  expect(auditFrames(umem, [source.socket, target.socket])).toMatchObject({ lost: 0, duplicated: 0 });
});

test('checksums are completed where they may be missing, and counted', () => {
  const packet = buildPacket({
    version: 4,
    protocol: 'udp',
    vlanTags: 1,
    source: Uint8Array.of(10, 0, 0, 1),
    destination: Uint8Array.of(10, 0, 0, 2),
    ports: [1, 2],
    payload: new Uint8Array(30).fill(3),
    options: [],
    padding: 0,
  });
  const partial = withChecksum(packet, packet.partial);
  const right = withChecksum(packet, packet.right);
  for (const partialChecksums of [true, false]) {
    using bench = makeBench({ partialChecksums });
    for (const bytes of [partial, right, frame(1, 60)]) bench.twins[0]!.deliver(bytes);
    bench.drain();
    expect(hex(bench.sent[1]!)).toEqual(hex([partialChecksums ? right : partial, right, frame(1, 60)]));
    expect(bench.counts(0).checksumsCompleted).toBe(partialChecksums ? 1 : 0);
  }
});

describe('auditFrames finds', () => {
  const busy = () => {
    const bench = makeBench();
    for (let i = 0; i < 10; i++) bench.twins[i % 2]!.deliver(frame(i, 60));
    return {
      ...bench,
      audit: () =>
        auditFrames(
          bench.umem,
          bench.twins.map(({ socket }) => socket),
        ),
    };
  };

  test('nothing wrong while frames wait in rings', () => {
    const bench = busy();
    expect(bench.audit()).toMatchObject({ frames: 80, lost: 0, duplicated: 0, inKernel: 0, inRings: 32 });
    bench.umem.close();
  });

  test('a frame that is nowhere', () => {
    const bench = busy();
    bench.umem.pool.take();
    expect(bench.audit()).toMatchObject({ lost: 1, duplicated: 0 });
    bench.umem.pool.take();
    expect(bench.audit()).toMatchObject({ lost: 2, duplicated: 0 });
    bench.umem.close();
  });

  test('a frame that is in the pool and in a ring', () => {
    const bench = busy();
    bench.umem.pool.give(bench.twins[0]!.socket.rx!.waiting()[0]!);
    expect(bench.audit()).toMatchObject({ lost: 0, duplicated: 1 });
    bench.umem.close();
  });

  test('one frame lost behind another doubled', () => {
    const bench = busy();
    bench.umem.pool.take();
    bench.umem.pool.give(bench.twins[0]!.socket.rings.fill.waiting()[0]!);
    expect(bench.audit()).toMatchObject({ lost: 1, duplicated: 1 });
    bench.umem.close();
  });

  test('frames that the kernel holds, by count', () => {
    const bench = busy();
    // As if it had taken two frames for packets that are not in the RX ring yet.
    bench.umem.pool.take();
    bench.umem.pool.take();
    bench.twins[0]!.socket.rings.filled += 2;
    expect(bench.audit()).toMatchObject({ lost: 0, duplicated: 0, inKernel: 2 });
    bench.umem.close();
  });
});
