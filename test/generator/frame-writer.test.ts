import fc from 'fast-check';
import { expect, test } from 'vitest';
import {
  type FrameDescription,
  FrameWriter,
  MEASURE_MAGIC,
  Measure,
  parseFrameFields,
  planFrames,
} from '../../dist/generator/index.js';
import { decodeFrame, encodeFrame, type Frame, u16, u32 } from '../../dist/wire/index.js';
import { description } from './arbitrary-description.js';
import { connectionIdsIn, fieldsIn, isAmong, steppedValue } from './expected-fields.js';

const RUNS = process.env['XDPKIT_LONG'] ? 10_000 : 100;
const MEMORY = 16 * 2048;
const frameNumber = fc.oneof(
  fc.nat(20),
  fc.nat(100_000),
  fc.constantFrom(2 ** 32 - 1, 2 ** 32, 2 ** 40 + 12_345, 2 ** 53 - 100),
);
const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString('hex');

function open(description: FrameDescription, options = {}) {
  const fields = parseFrameFields(description, (key) => key);
  const memory = new Uint8Array(MEMORY).fill(0xee);
  const writer = new FrameWriter(planFrames(fields), memory, options);
  const frame = (n: number, at = 256, time = 0) => memory.slice(at, at + writer.write(n, at, time));
  return { fields, memory, writer, frame };
}

/** The frame with its checksums computed anew. */
function completed(frame: Frame): Uint8Array {
  const { checksum: _, ...network } = frame.network as { checksum?: number };
  const { checksum: __, ...transport } = frame.transport as { checksum?: number };
  return encodeFrame({ ...frame, network, transport } as Frame);
}

test('every field of any frame is as described, and lengths and checksums are right', () => {
  fc.assert(
    fc.property(description, frameNumber, fc.nat(2 ** 45), (description, n, time) => {
      const { fields, frame } = open(description);
      const bytes = frame(n, 256, time);
      const decoded = decodeFrame(bytes)!;
      const found = fieldsIn(decoded);
      if (description.protocol === 'quic') {
        const shortId = fields.values.get('connectionId')?.bytes ?? 0;
        for (const [name, value] of connectionIdsIn(decoded.payload!, shortId)) found.set(name, value);
      }
      expect([...found.keys()].sort()).toEqual([...fields.values.keys()].sort());
      for (const [name, values] of fields.values) {
        const value = found.get(name)!;
        if (values.random) expect(isAmong(values, value), `${name} ${value}`).toBe(true);
        else expect(value, name).toBe(steppedValue(values, n));
      }
      expect(decoded.network).toMatchObject({ dscp: description.dscp });
      const { cycle, random } = fields.sizes!;
      if (random) expect(cycle).toContain(bytes.length);
      else expect(bytes.length).toBe(cycle[n % cycle.length]);
      expect(decoded.trailer).toBeUndefined();
      expect(hex(bytes)).toBe(hex(completed(decoded)));
      if (description.payload === 'measure') {
        const at = bytes.length - Measure.length;
        const big = (offset: number) => Buffer.from(bytes).readBigUInt64BE(at + offset);
        expect(u32(bytes, at)).toBe(MEASURE_MAGIC);
        expect(u32(bytes, at + Measure.stream)).toBe(description.stream);
        expect([big(Measure.sequence), big(Measure.time)]).toEqual([BigInt(n), BigInt(time)]);
      }
    }),
    { numRuns: RUNS },
  );
});

test('frame n is the same whatever was written before, in slots or without, alone or in batches', () => {
  fc.assert(
    fc.property(
      description,
      fc.integer({ min: 1, max: 4 }),
      fc.array(fc.tuple(fc.nat(200), fc.integer({ min: 1, max: 14 })), { minLength: 1, maxLength: 6 }),
      (description, stride, batches) => {
        const { frame } = open(description);
        const slotted = open(description, { stride, slot: 2048 });
        const addresses = new Uint32Array(16);
        const lengths = new Uint32Array(16);
        let next = 0;
        for (const [start, count] of batches) {
          // Now and then it goes on where it was.
          const n = start % 3 === 0 ? start : next;
          for (let i = 0; i < count; i++) addresses[i] = ((i * 5) % 16) * 2048 + 256;
          slotted.writer.writeBatch(n, addresses, lengths, count, 77);
          for (let i = 0; i < count; i++) {
            const written = slotted.memory.slice(addresses[i], addresses[i]! + lengths[i]!);
            expect(hex(written)).toBe(hex(frame(n + i * stride, 300, 77)));
          }
          next = n + count * stride;
        }
      },
    ),
    { numRuns: RUNS / 2 },
  );
});

test('nothing is written outside of the frame', () => {
  fc.assert(
    fc.property(description, frameNumber, fc.nat(3), (description, n, align) => {
      const { memory, writer } = open(description);
      const length = writer.write(n, 400 + align);
      expect(length).toBeLessThanOrEqual(writer.maxLength);
      memory.fill(0xee, 400 + align, 400 + align + length);
      expect(memory.every((byte) => byte === 0xee)).toBe(true);
    }),
    { numRuns: RUNS / 2 },
  );
});

test('the same seed gives the same frames, another seed others', () => {
  const random = { source: 'random:10.0.0.0/8', destinationPort: 'random:0-65535', size: 'random:64-1500' };
  const frames = (seed: number) => {
    const { frame } = open({ ...random, seed });
    return Array.from({ length: 50 }, (_, n) => hex(frame(n)));
  };
  expect(frames(7)).toEqual(frames(7));
  const [one, other] = [frames(7), frames(8)];
  expect(one.filter((frame, n) => frame === other[n])).toHaveLength(0);
  // Nor does one field follow another: as many pairs as frames.
  expect(new Set(one).size).toBe(50);
});

test('a random prefix reaches all of its bits', () => {
  const { fields, frame } = open({ source: 'random:2001:db8::/65', destination: '::1', seed: 3 });
  let [ones, zeros] = [0n, 0n];
  for (let n = 0; n < 300; n++) {
    const value = fieldsIn(decodeFrame(frame(n))!).get('source')!;
    ones |= value;
    zeros |= ~value;
  }
  const all = (1n << 63n) - 1n;
  expect(fields.values.get('source')!.count).toBe(1n << 63n);
  expect([ones & all, zeros & all]).toEqual([all, all]);
});

test('a UDP checksum of 0 is written as 0xffff, one of TCP stays 0', () => {
  for (const [protocol, zero] of [
    ['udp', 0xffff],
    ['tcp', 0],
  ] as const) {
    const { frame } = open({ protocol, sourcePort: '0-65535' });
    const field = protocol === 'udp' ? 34 + 6 : 34 + 16;
    const sums = new Set<number>();
    for (let n = 0; n < 65_536; n++) sums.add(u16(frame(n), field));
    expect(sums.has(zero)).toBe(true);
    expect(sums.has(zero === 0 ? 0xffff : 0)).toBe(false);
  }
});

test('writing allocates nothing', () => {
  const { writer } = open(
    { source: 'random:10.0.0.0/8', destinationPort: '1-1000', payload: 'measure', size: '100:7,576:4' },
    { slot: 2048 },
  );
  const addresses = Uint32Array.from({ length: 16 }, (_, i) => i * 2048);
  const lengths = new Uint32Array(16);
  const run = (batches: number) => {
    for (let batch = 0; batch < batches; batch++) writer.writeBatch(batch * 16, addresses, lengths, 16, batch);
  };
  run(20_000);
  const before = process.memoryUsage().heapUsed;
  run(20_000);
  // 320,000 frames: a number on the heap for each would be 5 MB.
  expect(process.memoryUsage().heapUsed - before).toBeLessThan(1_000_000);
});
