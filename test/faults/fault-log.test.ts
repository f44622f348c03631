import { mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { FaultLogWriter, Logged } from '../../dist/faults/fault-log-writer.js';
import {
  FaultLogFile,
  FaultLogReader,
  type FaultRecord,
  faultLogRing,
  LOGGED_FAULTS,
} from '../../dist/faults/index.js';
import { FaultBench, manyNumbered, numberOf } from './fault-bench.js';

const EVERYTHING = {
  dropProbability: 30,
  gilbertP: 2000,
  gilbertR: 50_000,
  corruptProbability: 50,
  corruptAmount: 3,
  bitflipProbability: 5000,
  growProbability: 50,
  growAmount: 7,
  shrinkProbability: 50,
  shrinkAmount: 4,
  duplicateProbability: 5000,
  delay: 1000,
  reorderProbability: 5000,
  rate: 400_000_000,
  seed: 11,
};

test('every fault is logged, as often as it is counted, and tells what became of the packet', () => {
  using bench = new FaultBench(EVERYTHING, { log: 1 << 18, holdFrames: 100 });
  const packets = manyNumbered(3000);
  for (let i = 0; i < packets.length; i += 64) {
    bench.pass(packets.slice(i, i + 64));
    bench.runTo(bench.now + 0.6);
  }
  bench.runTo(2000);
  const { records, counts } = bench;
  const times = (fault: string) => records.filter((record) => record.fault === fault).length;
  expect(Object.fromEntries(LOGGED_FAULTS.map((fault) => [fault, times(fault)]))).toEqual({
    drop: counts.dropped,
    burstLoss: counts.burstLost,
    corrupt: counts.corrupted,
    bitflip: counts.bitflipped,
    grow: counts.grown,
    shrink: counts.shrunk,
    duplicate: counts.duplicated,
    delay: counts.delayed,
    reorder: counts.reordered,
    rate: counts.rateLimited,
    holdOverflow: counts.holdOverflow,
  });
  expect(Object.values(LOGGED_FAULTS).every((fault) => times(fault) > 0)).toBe(true);
  // From the log alone the packets can be made again.
  const byPacket = new Map<number, FaultRecord[]>();
  for (const record of records) byPacket.set(record.packet, [...(byPacket.get(record.packet) ?? []), record]);
  const sent = new Map(bench.sent.map(({ bytes }) => [numberOf(bytes), bytes]));
  for (const [number, bytes] of sent) {
    const again = [...packets[number]!];
    for (const record of byPacket.get(number) ?? []) {
      const { fault, positions = [], bit, bytes: amount = 0 } = record;
      if (fault === 'corrupt') for (const at of positions) again[at]! ^= 0xff;
      if (bit !== undefined) again[bit >> 3]! ^= 1 << (bit & 7);
      if (fault === 'grow') again.push(...new Array<number>(amount).fill(0));
      if (fault === 'shrink') again.length -= amount;
    }
    // Appended bytes are random.
    const isEqual = again.length === bytes.length && again.every((byte, at) => at >= 60 || byte === bytes[at]);
    if (!isEqual) expect.fail(`packet ${number}`);
  }
  expect(sent.size).toBeGreaterThan(2000);
});

test('a packet number beyond 32 bits, and any port and queue, come through', () => {
  const ring = faultLogRing(128);
  const writer = new FaultLogWriter(ring);
  const reader = new FaultLogReader(ring);
  writer.write(Logged.delay, (0xfffe << 16) | 0xffff, 2 ** 40 + 5, 1514, 60_000_000);
  expect(reader.read(10)).toEqual([]);
  writer.publish();
  expect(reader.read(10)).toEqual([
    { port: 0xfffe, queue: 0xffff, packet: 2 ** 40 + 5, fault: 'delay', length: 1514, microseconds: 60_000_000 },
  ]);
});

test('what the ring has no room for is lost, counted, and harms nothing that comes later', () => {
  const ring = faultLogRing(128);
  const writer = new FaultLogWriter(ring);
  const reader = new FaultLogReader(ring);
  let next = 0;
  let got = 0;
  const positions = Int32Array.from({ length: 100 }, (_, i) => 14 + i);
  for (let round = 0; round < 150; round++) {
    for (let i = 0; i < round % 40; i++) {
      if (i % 5 === 3) writer.writePositions(0, next++, 1500, positions, 1 + (round % 100));
      else writer.write(Logged.bitflip, 0, next++, 60, 200);
    }
    writer.publish();
    let last = -1;
    for (const record of reader.read(Number.POSITIVE_INFINITY)) {
      const { packet, fault, length, bit, bytes = 0 } = record;
      const isCorruption =
        fault === 'corrupt' && `${record.positions}` === `${positions.subarray(0, Math.min(64, bytes))}`;
      const isFlip = fault === 'bitflip' && length === 60 && bit === 200;
      if (packet <= last || !(isCorruption || isFlip)) expect.fail(JSON.stringify(record));
      last = packet;
      got++;
    }
  }
  expect(reader.lost).toBeGreaterThan(50);
  expect(got + reader.lost).toBe(next);
});

test('a file has a JSON object on each line, with the names of the interfaces', () => {
  const directory = mkdtempSync(join(tmpdir(), 'xdpkit-fault-log-'));
  try {
    const path = join(directory, 'faults.jsonl');
    const rings = [faultLogRing(1024), faultLogRing(1024)];
    const [first, second] = rings.map((ring) => new FaultLogWriter(ring));
    using file = new FaultLogFile(path, rings, ['eth0', 'eth1']);
    first!.write(Logged.shrink, 0x1_0002, 7, 60, 5);
    first!.publish();
    second!.writePositions(0, 8, 100, Int32Array.of(20, 30), 2);
    second!.publish();
    file.drain();
    first!.write(Logged.drop, 0, 9, 64, 0);
    first!.publish();
    file.close();
    file.close();
    const lines = readFileSync(path, 'utf8').trimEnd().split('\n');
    expect(lines.map((line) => JSON.parse(line) as unknown)).toEqual([
      { interface: 'eth1', queue: 2, packet: 7, fault: 'shrink', length: 60, bytes: 5 },
      { interface: 'eth0', queue: 0, packet: 8, fault: 'corrupt', length: 100, bytes: 2, positions: [20, 30] },
      { interface: 'eth0', queue: 0, packet: 9, fault: 'drop', length: 64 },
    ]);
    expect([file.lost, statSync(path).mode & 0o777]).toEqual([0, 0o600]);
  } finally {
    rmSync(directory, { recursive: true });
  }
});
