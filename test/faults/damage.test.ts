import { describe, expect, test } from 'vitest';
import { FaultBench, hex, manyNumbered, numbered } from './fault-bench.js';

/** Offsets that differ. */
function differences(before: Uint8Array, after: Uint8Array): number[] {
  return Array.from(before.keys()).filter((i) => before[i] !== after[i]);
}

const always = 1000;

describe('corruption', () => {
  test.each([0, 1, 5, 46, 1000])('inverts %i bytes at as many places behind the EtherType', (corruptAmount) => {
    using bench = new FaultBench({ corruptProbability: always, corruptAmount });
    const packets = manyNumbered(200);
    bench.pass(packets);
    const count = Math.min(corruptAmount, 46);
    const places = new Set<number>();
    for (const [i, { bytes }] of bench.sent.entries()) {
      const changed = differences(packets[i]!, bytes);
      expect(changed).toHaveLength(count);
      expect(changed.every((at) => at >= 14 && bytes[at] === (packets[i]![at]! ^ 0xff))).toBe(true);
      for (const at of changed) places.add(at);
    }
    // Each of the 46 bytes gets its turn.
    expect(places.size).toBe(count === 0 ? 0 : 46);
    expect(bench.counts.corrupted).toBe(count === 0 ? 0 : 200);
  });

  test('every place is as likely', () => {
    using bench = new FaultBench({ corruptProbability: always, corruptAmount: 3 });
    const packets = manyNumbered(5000, 34);
    bench.pass(packets);
    const counts = new Array<number>(34).fill(0);
    for (const [i, { bytes }] of bench.sent.entries()) for (const at of differences(packets[i]!, bytes)) counts[at]!++;
    const expected = (5000 * 3) / 20;
    const sigma = Math.sqrt(5000 * (3 / 20) * (17 / 20));
    for (const count of counts.slice(14)) expect(Math.abs(count - expected)).toBeLessThan(4 * sigma);
  });

  test('a packet that ends with its EtherType is left alone, and counted', () => {
    using bench = new FaultBench({ corruptProbability: always, bitflipProbability: 100_000 });
    bench.pass([numbered(1, 14)]);
    expect(hex(bench.sent)).toEqual(hex([{ bytes: numbered(1, 14) }]));
    expect(bench.counts).toMatchObject({ corrupted: 0, bitflipped: 0, tooShortToDamage: 2 });
  });
});

test('a flipped bit is one bit behind byte 14, each as likely', () => {
  using bench = new FaultBench({ bitflipProbability: 100_000 });
  const packets = manyNumbered(8000, 24);
  bench.pass(packets);
  const counts = new Map<number, number>();
  for (const [i, { bytes }] of bench.sent.entries()) {
    const changed = differences(packets[i]!, bytes);
    const bit = Math.log2(bytes[changed[0]!]! ^ packets[i]![changed[0]!]!);
    if (changed.length !== 1 || !Number.isInteger(bit)) expect.fail(`${changed.length} bytes, bit ${bit}`);
    counts.set(changed[0]! * 8 + bit, (counts.get(changed[0]! * 8 + bit) ?? 0) + 1);
  }
  expect(counts.size).toBe(80);
  expect(Math.min(...counts.keys())).toBe(112);
  for (const count of counts.values()) expect(Math.abs(count - 100)).toBeLessThan(45);
});

describe('growth', () => {
  test('appends random bytes, and leaves the others alone', () => {
    using bench = new FaultBench({ growProbability: always, growAmount: 33 });
    const packets = manyNumbered(500);
    bench.pass(packets);
    const seen = new Array<number>(256).fill(0);
    for (const [i, { bytes }] of bench.sent.entries()) {
      if (bytes.length !== 93 || differences(packets[i]!, bytes).length > 0) expect.fail(`packet ${i}`);
      for (const byte of bytes.subarray(60)) seen[byte]!++;
    }
    expect(Math.min(...seen)).toBeGreaterThan(20);
  });

  test('goes as far as the frame, and not into the next one', () => {
    using bench = new FaultBench({ growProbability: always, growAmount: 10_000 });
    // A packet stands 256 bytes behind the beginning of its frame of 2048.
    bench.pass([numbered(1, 60), numbered(2, 1791), numbered(3, 1792)]);
    expect(bench.sent.map(({ bytes }) => bytes.length)).toEqual([1792, 1792, 1792]);
    expect(hex(bench.sent)[2]).toBe(hex([{ bytes: numbered(3, 1792) }])[0]);
    expect(bench.counts).toMatchObject({ grown: 2, noRoomToGrow: 1 });
  });
});

test('shrinking cuts the end off, down to 18 bytes', () => {
  using bench = new FaultBench({ shrinkProbability: always, shrinkAmount: 20 });
  const packets = [60, 39, 38, 37, 19, 18, 14].map((length, i) => numbered(i, length));
  bench.pass(packets);
  expect(bench.sent.map(({ bytes }) => bytes.length)).toEqual([40, 19, 18, 18, 18, 18, 14]);
  for (const [i, { bytes }] of bench.sent.entries()) expect(bytes).toEqual(packets[i]!.slice(0, bytes.length));
  expect(bench.counts).toMatchObject({ shrunk: 5, tooShortToShrink: 2 });
});

test('several faults befall one packet in their order', () => {
  const settings = { growProbability: always, growAmount: 100, shrinkProbability: always, shrinkAmount: 110 };
  using bench = new FaultBench({ ...settings, duplicateProbability: 100_000, bitflipProbability: 100_000 });
  bench.pass([numbered(1)]);
  expect(bench.sent.map(({ bytes }) => bytes.length)).toEqual([50, 50]);
  expect(bench.sent[0]!.bytes).toEqual(bench.sent[1]!.bytes);
  expect(bench.counts).toMatchObject({ bitflipped: 1, grown: 1, shrunk: 1, duplicated: 1, mended: 0, notMended: 0 });
});

describe('a packet in several frames', () => {
  const options = { fragments: true, frameSize: 4096, frames: 128, holdFrames: 64 };
  const packet = numbered(1, 9000);

  test('is corrupted in all of them', () => {
    using bench = new FaultBench({ corruptProbability: always, corruptAmount: 100, bitflipProbability: 0 }, options);
    bench.pass([packet, numbered(2), packet]);
    expect(bench.sent.map(({ bytes }) => bytes.length)).toEqual([9000, 60, 9000]);
    for (const i of [0, 2]) {
      const changed = differences(packet, bench.sent[i]!.bytes);
      expect(changed).toHaveLength(100);
      expect(new Set(changed.map((at) => Math.floor(at / 3840)))).toEqual(new Set([0, 1, 2]));
    }
  });

  test('keeps its length, which is counted', () => {
    using bench = new FaultBench({ growProbability: always, shrinkProbability: always, growAmount: 10 }, options);
    bench.pass([packet, numbered(2)]);
    expect(bench.sent.map(({ bytes }) => bytes.length)).toEqual([9000, 69]);
    expect(bench.counts).toMatchObject({ fragmentsNotResized: 2, grown: 1, shrunk: 1 });
  });

  test('is dropped, held and copied whole', () => {
    using bench = new FaultBench({ delay: 1000, duplicateProbability: 100_000 }, options);
    bench.pass([packet, numbered(2), packet]);
    expect(bench.injector.held).toBe(2 * 7);
    bench.runTo(1002);
    expect(hex(bench.sent).toSorted()).toEqual(
      hex([packet, packet, packet, packet, numbered(2), numbered(2)].map((bytes) => ({ bytes }))).toSorted(),
    );
    expect(bench.counts).toMatchObject({ qualified: 3, delayed: 3, duplicated: 3 });
    bench.set({ dropProbability: always });
    bench.pass([packet, packet]);
    expect(bench.counts.dropped).toBe(2);
    expect(bench.umem.pool.free).toBe(128);
  });

  test('finds room to be held as a whole, or is dropped', () => {
    using bench = new FaultBench({ delay: 1000 }, { ...options, holdFrames: 5 });
    bench.pass([packet, packet, numbered(2), numbered(3), numbered(4)]);
    expect(bench.counts).toMatchObject({ delayed: 3, holdOverflow: 2, held: 5 });
    bench.runTo(1002);
    expect(bench.sent.map(({ bytes }) => bytes.length)).toEqual([9000, 60, 60]);
  });

  test('comes out whole, however full the batch is', () => {
    using bench = new FaultBench({ delay: 1000 }, { ...options, batch: 8 });
    for (let i = 0; i < 6; i++) bench.pass([packet, numbered(2)]);
    bench.runTo(1002);
    expect(bench.sent.map(({ bytes }) => bytes.length)).toEqual(Array.from({ length: 6 }, () => [9000, 60]).flat());
  });
});
