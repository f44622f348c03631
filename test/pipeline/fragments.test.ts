import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { auditFrames, Counters, Forwarder, type PacketCallback } from '../../dist/pipeline/index.js';
import { TwinQueue, Umem } from '../../dist/xsk/index.js';
import { buildPacket, withChecksum } from '../wire/reference-packet.js';

interface BenchOptions {
  readonly frameSize?: number;
  readonly headroom?: number;
  readonly callback?: PacketCallback;
  readonly partialChecksums?: boolean;
  readonly ledger?: boolean;
  readonly ring?: number;
}

/** Two ports of in-memory queues that take packets of several frames, and a forwarder between them. */
function makeBench({ ring = 256, ledger = true, partialChecksums = false, callback, ...shape }: BenchOptions = {}) {
  const umem = new Umem({ frames: 6 * ring + 128, ledger, fragments: true, ...shape });
  const sent: Uint8Array[][] = [[], []];
  const twins = sent.map(
    (out) => new TwinQueue({ umem, size: ring, start: 2 ** 32 - 5, onTransmit: (bytes) => out.push(bytes.slice()) }),
  );
  const counters = new Counters(2, 1);
  const sockets = twins.map(({ socket }, port) => {
    return { socket, port, row: counters.socketRow(port), partialChecksums };
  });
  const forwarder = new Forwarder({ umem, sockets, counters: counters.slots, batch: 8, callback });
  forwarder.turn();
  return {
    umem,
    twins,
    sent,
    drain() {
      while (forwarder.turn() > 0);
      forwarder.turn();
      forwarder.sample();
    },
    counts: (port: number) => counters.readSocket(port),
    expectConserved() {
      const audit = auditFrames(
        umem,
        twins.map(({ socket }) => socket),
      );
      expect(audit).toMatchObject({ frames: umem.frames, duplicated: 0, lost: 0, inKernel: 0 });
      expect(audit.free + audit.inRings).toBe(umem.frames);
      if (ledger) expect(umem.ledger!.counts()).toMatchObject({ application: 0, held: 0, tx: 0 });
    },
    [Symbol.dispose]: () => umem.close(),
  };
}

const pattern = (number: number, length: number) => Uint8Array.from({ length }, (_, i) => (number * 3 + i) & 255);
/** A comparison that prints nothing: packets are long. */
const same = (packets: readonly Uint8Array[], expected: readonly Uint8Array[]) =>
  packets.length === expected.length && packets.every((bytes, i) => Buffer.compare(bytes, expected[i]!) === 0);
const lengths = fc.array(fc.integer({ min: 60, max: 9014 }), { minLength: 1, maxLength: 30 });
const shape = fc.record({ frameSize: fc.constantFrom(2048, 4096, 3000), ledger: fc.boolean() });

test('packets of all sizes cross whole and in order, and are counted as packets', () => {
  fc.assert(
    fc.property(shape, lengths, (options, sizes) => {
      using bench = makeBench(options);
      const packets = sizes.map((length, i) => pattern(i, length));
      for (const [i, packet] of packets.entries()) {
        expect(bench.twins[i % 2]!.deliver(packet)).toBe(true);
        if (i % 5 === 4) bench.drain();
      }
      bench.drain();
      for (const port of [0, 1]) {
        const expected = packets.filter((_, i) => i % 2 === port);
        const bytes = expected.reduce((sum, { length }) => sum + length, 0);
        expect(same(bench.sent[1 - port]!, expected)).toBe(true);
        expect(bench.counts(port)).toMatchObject({ rxPackets: expected.length, rxBytes: bytes });
        expect(bench.counts(1 - port)).toMatchObject({ txPackets: expected.length, txBytes: bytes });
      }
      bench.expectConserved();
    }),
    { numRuns: 60 },
  );
});

test('a callback sees a packet once, with all its bytes, and says where it goes', () => {
  const seen: number[] = [];
  const callback: PacketCallback = (packet, ingress) => {
    seen.push(packet.length, packet.fragments, packet.u8(packet.length - 1));
    packet.setU8(packet.length - 1, 0xee);
    return packet.length % 2 === 0 ? -1 : 1 - ingress;
  };
  using bench = makeBench({ callback });
  const packets = [pattern(1, 9001), pattern(2, 5000), pattern(3, 61), pattern(4, 3585)];
  for (const packet of packets) bench.twins[0]!.deliver(packet);
  bench.drain();
  expect(seen).toEqual(packets.flatMap((packet) => [packet.length, Math.ceil(packet.length / 1792), packet.at(-1)!]));
  const expected = packets.filter(({ length }) => length % 2 === 1).map((packet) => packet.with(-1, 0xee));
  expect(same(bench.sent[1]!, expected)).toBe(true);
  expect(bench.counts(0)).toMatchObject({ rxPackets: 4, callback: 1 });
  bench.expectConserved();
});

test.each([true, false])('more fragments than can be sent: dropped whole, and counted (ledger: %s)', (ledger) => {
  using bench = makeBench({ ledger });
  // In frames that hold 1792 bytes: 18 fragments go, 19 don't, and 65 are more than a batch holds.
  const fits = pattern(1, 18 * 1792);
  const [long, longest] = [pattern(2, 18 * 1792 + 1), pattern(3, 65 * 1792)];
  for (const packet of [fits, long, pattern(4, 60), longest, pattern(5, 61)]) {
    expect(bench.twins[0]!.deliver(packet)).toBe(true);
  }
  bench.drain();
  expect(same(bench.sent[1]!, [fits, pattern(4, 60), pattern(5, 61)])).toBe(true);
  expect(bench.counts(0)).toMatchObject({ rxPackets: 5, tooManyFragments: 2 });
  expect(bench.counts(1)).toMatchObject({ txPackets: 3 });
  bench.expectConserved();
});

describe('checksums that the sender left to hardware', () => {
  const packet = fc.record({
    version: fc.constantFrom(4 as const, 6 as const),
    protocol: fc.constantFrom('udp' as const, 'tcp' as const),
    vlanTags: fc.integer({ min: 0, max: 2 }),
    source: fc.uint8Array({ minLength: 16, maxLength: 16 }),
    destination: fc.uint8Array({ minLength: 16, maxLength: 16 }),
    ports: fc.tuple(fc.integer({ min: 1, max: 65_535 }), fc.integer({ min: 1, max: 65_535 })),
    payload: fc.integer({ min: 0, max: 8900 }).map((length) => pattern(length, length)),
    options: fc.constantFrom([], [1], [2, 1]),
    padding: fc.integer({ min: 0, max: 5 }),
  });
  // An odd headroom makes frames that hold an odd number of bytes: a sum goes on in the middle of a word.
  const kind = fc.record({ frameSize: fc.constantFrom(2048, 4096, 3000), headroom: fc.constantFrom(0, 1, 77) });

  test('are completed, wherever the packet is cut', () => {
    fc.assert(
      fc.property(kind, fc.array(packet, { minLength: 1, maxLength: 4 }), (options, specs) => {
        using bench = makeBench({ ...options, partialChecksums: true });
        const built = specs.map(buildPacket);
        for (const each of built) bench.twins[0]!.deliver(withChecksum(each, each.partial));
        bench.drain();
        expect(
          same(
            bench.sent[1]!,
            built.map((each) => withChecksum(each, each.right)),
          ),
        ).toBe(true);
        expect(bench.counts(0).checksumsCompleted).toBe(built.length);
        bench.expectConserved();
      }),
      { numRuns: 100 },
    );
  });

  test('that are complete stay as they are', () => {
    fc.assert(
      fc.property(kind, packet, (options, spec) => {
        const built = buildPacket(spec);
        fc.pre(built.right !== built.partial);
        using bench = makeBench({ ...options, partialChecksums: true });
        bench.twins[0]!.deliver(withChecksum(built, built.right));
        bench.drain();
        expect(same(bench.sent[1]!, [withChecksum(built, built.right)])).toBe(true);
        expect(bench.counts(0).checksumsCompleted).toBe(0);
      }),
      { numRuns: 50 },
    );
  });
});
