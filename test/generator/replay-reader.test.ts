import { writeFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { ReplayReader } from '../../dist/generator/index.js';
import { pcapHeader, pcapRecord } from '../../dist/wire/index.js';
import { withFile } from '../wire/tshark.js';

const frameOf = (i: number, length: number) => new Uint8Array(length).fill(i);
const capture = (frames: readonly (readonly [bytes: Uint8Array, seconds: number, nanoseconds: number])[]) =>
  Buffer.concat([
    pcapHeader(),
    ...frames.map(([bytes, seconds, nanoseconds]) => {
      const { length } = bytes;
      return pcapRecord({ bytes, offset: 0, length, originalLength: length, seconds, nanoseconds });
    }),
  ]);

/** What comes, at most `limit` frames: first byte, length, time. */
function replay(path: string, loops: number, limit = 100): [number, number, number][] {
  using reader = new ReplayReader(path, loops);
  const seen: [number, number, number][] = [];
  while (seen.length < limit && reader.next()) {
    const { bytes, offset, length } = reader.frame;
    expect(bytes.subarray(offset, offset + length).every((byte) => byte === bytes[offset])).toBe(true);
    seen.push([bytes[offset]!, length, reader.elapsed]);
  }
  return seen;
}

test('frames come with their times, counted from the first', () => {
  const file = capture([
    [frameOf(1, 60), 1_700_000_000, 999_999_000],
    [frameOf(2, 61), 1_700_000_001, 1000],
    // Out of order in the file: sent at once, not earlier than the one before.
    [frameOf(3, 62), 1_700_000_000, 999_999_500],
    [frameOf(4, 63), 1_700_000_003, 0],
  ]);
  withFile(file, (path) => {
    expect(replay(path, 1)).toEqual([
      [1, 60, 0],
      [2, 61, 2000],
      [3, 62, 2000],
      [4, 63, 2_000_001_000],
    ]);
  });
});

test('rounds follow one another; without end where that is asked for', () => {
  const file = capture([
    [frameOf(1, 60), 5, 0],
    [frameOf(2, 60), 5, 700],
  ]);
  withFile(file, (path) => {
    const times = (loops: number, limit?: number) => replay(path, loops, limit).map(([, , time]) => time);
    expect(times(2)).toEqual([0, 700, 700, 1400]);
    expect(times(Number.POSITIVE_INFINITY, 7)).toEqual([0, 700, 700, 1400, 1400, 2100, 2100]);
  });
});

test('a file larger than what is read at once: every frame whole', () => {
  const frames = Array.from({ length: 3000 }, (_, i) => [frameOf(i & 255, 60 + (i % 1400)), 0, i] as const);
  withFile(capture(frames), (path) => {
    const seen = replay(path, 1, 10_000);
    expect(seen).toEqual(frames.map(([bytes, , nanoseconds]) => [bytes[0], bytes.length, nanoseconds]));
  });
});

test('a file that is cut off gives its whole frames first; what is no capture is told at the first frame', () => {
  const file = capture([
    [frameOf(1, 60), 0, 0],
    [frameOf(2, 60), 0, 0],
  ]);
  const damaged = expect.objectContaining({ code: 'XDP_ERR_CAPTURE' });
  withFile(file.subarray(0, -1), (path) => {
    using reader = new ReplayReader(path);
    expect(reader.next()).toBe(true);
    expect(() => reader.next()).toThrow(damaged);
  });
  withFile(capture([]), (path) => expect(() => replay(path, 1)).toThrow(/holds no frames/));
  withFile(capture([]), (path) => {
    writeFileSync(path, 'not a capture');
    expect(() => replay(path, 1)).toThrow(damaged);
  });
});

test('what can not be read is usage', () => {
  const usage = expect.objectContaining({ code: 'XDP_ERR_USAGE', message: expect.stringMatching(/can't be read/) });
  expect(() => new ReplayReader('/nowhere/x.pcap')).toThrow(usage);
  expect(() => replay('/tmp', 1)).toThrow(usage);
});
