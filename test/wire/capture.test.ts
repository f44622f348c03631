import { Readable } from 'node:stream';
import { gzipSync } from 'node:zlib';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type CapturedPacket, CaptureReader, pcapHeader, pcapRecord, readCapture } from '../../dist/wire/index.js';
import { PcapngBlocks, pcapFile, type Stamped } from './capture-files.js';

/** All packets of a file, in pieces as given, and the error that ended it. */
function read(file: Uint8Array, pieces: readonly number[] = []): { packets: CapturedPacket[]; error?: string } {
  const reader = new CaptureReader();
  const packets: CapturedPacket[] = [];
  const drain = () => {
    while (reader.next()) {
      const { bytes, offset, length, originalLength, seconds, nanoseconds } = reader.frame;
      packets.push({
        bytes: new Uint8Array(bytes.subarray(offset, offset + length)),
        originalLength,
        seconds,
        nanoseconds,
      });
    }
  };
  try {
    let at = 0;
    for (const piece of [...pieces, file.length]) {
      reader.push(file.slice(at, at + piece));
      at += piece;
      drain();
    }
    reader.end();
    return { packets };
  } catch (error) {
    expect(error).toMatchObject({ code: 'XDP_ERR_CAPTURE' });
    return { packets, error: (error as Error).message };
  }
}

const packet = (stamped: Stamped, perSecond: bigint, offset = 0n): CapturedPacket => ({
  bytes: Uint8Array.from(stamped.bytes),
  originalLength: stamped.originalLength ?? stamped.bytes.length,
  seconds: Number(stamped.units / perSecond + offset),
  nanoseconds: Number(((stamped.units % perSecond) * 1_000_000_000n) / perSecond),
});

const bytes = fc.uint8Array({ maxLength: 100 });
const stamped = (max: bigint) =>
  fc
    .tuple(bytes, fc.bigInt({ min: 0n, max }), fc.nat(3))
    .map(([bytes, units, cut]) => ({ bytes, units, originalLength: bytes.length + cut * 100 }));
const pieces = fc.array(fc.integer({ min: 1, max: 70 }), { maxLength: 12 });
const little = fc.boolean();

describe('pcap', () => {
  test('both byte orders, micro- and nanoseconds, cut into any pieces', () => {
    const packets = fc.array(stamped((1n << 32n) * 1_000_000n - 1n), { maxLength: 8 });
    fc.assert(
      fc.property(packets, little, fc.boolean(), pieces, (list, little, nanoseconds, cuts) => {
        const file = pcapFile(list, { little, nanoseconds });
        const perSecond = nanoseconds ? 1_000_000_000n : 1_000_000n;
        expect(read(file, cuts)).toEqual({ packets: list.map((one) => packet(one, perSecond)) });
      }),
    );
  });

  test('what is written reads back', () => {
    fc.assert(
      fc.property(fc.array(stamped((1n << 32n) * 1_000_000_000n - 1n), { maxLength: 5 }), fc.nat(3), (list, offset) => {
        const wanted = list.map((one) => packet(one, 1_000_000_000n));
        const records = wanted.map(({ bytes, ...rest }) => {
          const memory = Uint8Array.of(...new Array<number>(offset).fill(9), ...bytes, 9);
          return pcapRecord({ bytes: memory, offset, length: bytes.length, ...rest });
        });
        expect(read(Buffer.concat([pcapHeader(), ...records]))).toEqual({ packets: wanted });
      }),
    );
  });

  test('a file that is cut off gives the packets before, then an error', () => {
    const list: Stamped[] = [1, 20, 3].map((length, i) => ({ bytes: new Uint8Array(length).fill(i), units: 7n }));
    const file = pcapFile(list, { little: true, nanoseconds: true });
    const ends = [24, 41, 77, 96];
    for (let length = 0; length < file.length; length++) {
      const { packets, error } = read(file.slice(0, length));
      expect(packets).toHaveLength(Math.max(0, ends.filter((end) => end <= length).length - 1));
      if (ends.includes(length)) expect(error).toBeUndefined();
      else expect(error).toMatch(length === 0 ? /empty/ : length < 4 ? /too short/ : /ends within a packet/);
    }
  });

  test('what is no capture, or not of Ethernet, says what it is', () => {
    const file = pcapFile([], { little: false, nanoseconds: false, link: 113 });
    expect(read(file).error).toBe('the capture file holds packets of link type 113, not Ethernet (1)');
    expect(read(gzipSync(file)).error).toMatch(/compressed with gzip/);
    expect(read(Buffer.from('#!/bin/sh\n')).error).toBe('this is no pcap or pcapng file: it begins like neither');
    const huge = pcapFile([{ bytes: new Uint8Array(1), units: 0n }], { little: true, nanoseconds: true });
    huge.set([0xff, 0xff, 0xff, 0xff], 24 + 8);
    expect(read(huge)).toEqual({ packets: [], error: 'the capture file is damaged: a packet of 4294967295 bytes' });
  });
});

describe('pcapng', () => {
  test('both byte orders, timestamps of any resolution and offset, cut into any pieces', () => {
    const resolution = fc.oneof(
      fc.constant(undefined),
      fc.integer({ min: 0, max: 12 }),
      fc.integer({ min: 0, max: 40 }).map((power) => power | 0x80),
    );
    const offset = fc.oneof(fc.constant(0n), fc.bigInt({ min: -(1n << 40n), max: 1n << 40n }));
    const packets = fc.array(stamped((1n << 64n) - 1n), { maxLength: 6 });
    fc.assert(
      fc.property(packets, little, resolution, offset, pieces, (list, little, resolution, offset, cuts) => {
        const blocks = new PcapngBlocks(little);
        const name = Buffer.from('eth0');
        const options = [
          [2, name] as const,
          ...(resolution === undefined ? [] : [[9, Uint8Array.of(resolution)] as const]),
          ...(offset === 0n ? [] : [[14, blocks.u64(offset)] as const]),
        ];
        const perSecond =
          resolution === undefined ? 1_000_000n : (resolution & 0x80 ? 2n : 10n) ** BigInt(resolution & 0x7f);
        const file = [blocks.section(), blocks.interface(options), ...list.map((one) => blocks.enhanced(one))];
        expect(read(Buffer.concat(file), cuts)).toEqual({ packets: list.map((one) => packet(one, perSecond, offset)) });
      }),
    );
  });

  test('all kinds of packet blocks, several interfaces and sections, blocks that nobody knows', () => {
    const one = { bytes: Uint8Array.of(1, 2, 3), units: 5_000_001n };
    const two = { bytes: Uint8Array.of(4, 5), units: 3n, originalLength: 60 };
    const sections = [true, false].map((little) => {
      const blocks = new PcapngBlocks(little);
      return [
        blocks.section(),
        blocks.block(0x0bad_cafe, (body) => body.raw([1, 2, 3, 4])),
        blocks.interface([], 1, 4),
        blocks.interface([[9, Uint8Array.of(9)]]),
        blocks.enhanced(one, 0),
        blocks.enhanced(two, 1),
        blocks.packet(one, 1),
        blocks.simple(Uint8Array.of(6, 7, 8, 9), 90),
        blocks.block(5, (body) => body.number(0, 12)),
      ];
    });
    const section = [
      { bytes: one.bytes, originalLength: 3, seconds: 5, nanoseconds: 1000 },
      { bytes: two.bytes, originalLength: 60, seconds: 0, nanoseconds: 3 },
      { bytes: one.bytes, originalLength: 3, seconds: 0, nanoseconds: 5_000_001 },
      { bytes: Uint8Array.of(6, 7, 8, 9), originalLength: 90, seconds: 0, nanoseconds: 0 },
    ];
    expect(read(Buffer.concat(sections.flat()))).toEqual({ packets: [...section, ...section] });
  });

  test('a file that is cut off gives the packets before, then an error', () => {
    const blocks = new PcapngBlocks(true);
    const parts = [
      blocks.section(),
      blocks.interface(),
      ...[1, 20].map((length) => blocks.enhanced({ bytes: new Uint8Array(length), units: 0n })),
    ];
    const file = Buffer.concat(parts);
    const ends = parts.map((_, i) => parts.slice(0, i + 1).reduce((sum, { length }) => sum + length, 0));
    for (let length = 12; length < file.length; length++) {
      const { packets, error } = read(file.subarray(0, length));
      expect(packets).toHaveLength(Math.max(0, ends.filter((end) => end <= length).length - 2));
      expect(error === undefined).toBe(ends.includes(length));
    }
  });

  test('damage is told', () => {
    const blocks = new PcapngBlocks(true);
    const start = [blocks.section(), blocks.interface()];
    const one = blocks.enhanced({ bytes: new Uint8Array(8), units: 0n });
    const with32 = (at: number, value: number) => {
      const copy = Buffer.from(one);
      copy.writeUInt32LE(value, at);
      return read(Buffer.concat([...start, copy])).error;
    };
    expect(with32(4, 7)).toMatch(/a block of 7 bytes/);
    expect(with32(4, 0xffff_fffc)).toMatch(/a block of 4294967292 bytes/);
    expect(with32(one.length - 4, 44)).toMatch(/two lengths differ/);
    expect(with32(8, 3)).toMatch(/interface 3, which is not described/);
    expect(with32(20, 9)).toMatch(/a packet of 9 bytes/);
    const short = blocks.block(6, (body) => body.number(0, 8));
    expect(read(Buffer.concat([...start, short])).error).toMatch(/too short/);
    expect(read(Buffer.concat([blocks.section(), blocks.interface([], 127), one])).error).toMatch(/link type 127/);
    const mark = Buffer.from(blocks.section());
    mark[8] = 0;
    expect(read(mark).error).toMatch(/byte-order mark/);
  });
});

test('bytes that only begin like a capture file: an error or packets, no other exception', () => {
  const start = fc.constantFrom(
    pcapHeader(),
    new PcapngBlocks(true).section(),
    new PcapngBlocks(false).section(),
    Buffer.concat([new PcapngBlocks(true).section(), new PcapngBlocks(true).interface()]),
    new Uint8Array(0),
  );
  fc.assert(
    fc.property(start, fc.uint8Array({ maxLength: 200 }), pieces, (head, rest, cuts) => {
      const file = Buffer.concat([head, rest]);
      expect(read(file, cuts)).toEqual(read(file));
    }),
    { numRuns: 1000 },
  );
});

test('readCapture: a stream, with the error behind the packets', async () => {
  const file = pcapFile(
    [1n, 2n].map((units) => ({ bytes: new Uint8Array(60), units })),
    { little: true, nanoseconds: true },
  );
  const seen: number[] = [];
  const all = async (source: Uint8Array) => {
    for await (const { nanoseconds } of readCapture(Readable.from([source.slice(0, 50), source.slice(50)]))) {
      seen.push(nanoseconds);
    }
  };
  await all(file);
  expect(seen).toEqual([1, 2]);
  await expect(all(file.slice(0, -1))).rejects.toMatchObject({ code: 'XDP_ERR_CAPTURE' });
  expect(seen).toEqual([1, 2, 1]);
});
