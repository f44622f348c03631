import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { Worker } from 'node:worker_threads';
import { expect, test } from 'vitest';
import { type Assembler, Helper, R0, R1, R2, R3, R4, R6, R7, R8, R10 } from '../../dist/ebpf/index.js';
import { BpfMap, RingBuffer, TestRun, type XdpProgram } from '../../dist/kernel/index.js';
import { failOnLeaks } from '../netdev/oracle.js';
import { patient } from '../patience.js';
import { testFrame } from './far-end.js';
import { written } from './programs.js';
import { Random } from './random.js';

failOnLeaks();
const PAGE = 4096;
const RECORDS = 250;
const ringMap = (size = PAGE) => new BpfMap({ kind: 'ringBuffer', name: 'ring', maxEntries: size });

/** Copies the first bytes of the packet, as many as its byte 15 says, into the ring; returns what the helper said. */
function recorder(ring: BpfMap): XdpProgram {
  return written(
    (a) => {
      for (let at = -256; at < 0; at += 8) a.store('u64', R10, at, 0);
      a.mov(R2, 0).mov(R3, R10).alu('+', R3, -256).mov(R4, 256).call(Helper.xdpLoadBytes);
      a.load('u8', R3, R10, -256 + 15)
        .map(R1, 'ring')
        .mov(R2, R10)
        .alu('+', R2, -256)
        .mov(R4, 0);
      return a.call(Helper.ringbufOutput).exit();
    },
    { ring },
  );
}

/** Reserves 16 bytes, writes the packet's byte 0 into them, and submits or discards them, as byte 1 says. */
function reserver(ring: BpfMap, between: (a: Assembler) => Assembler = (a) => a): XdpProgram {
  return written(
    (a) => {
      a.mov(R6, R1).load('u32', R7, R6, 0).load('u32', R8, R6, 4).mov(R1, R7).alu('+', R1, 2).mov(R0, 1);
      a.jump('>', R1, R8, 'end').load('u8', R8, R7, 1).load('u8', R7, R7, 0);
      a.map(R1, 'ring').mov(R2, 16).mov(R3, 0).call(Helper.ringbufReserve).jump('!=', R0, 0, 'got').mov(R0, 2);
      a.goto('end').label('got').mov(R6, R0).store('u64', R6, 0, 0).store('u64', R6, 8, 0);
      between(a).store('u64', R6, 0, R7).store('u64', R6, 8, R7).mov(R1, R6).mov(R2, 0);
      a.jump('!=', R8, 0, 'discard').call(Helper.ringbufSubmit).mov(R0, 0).goto('end');
      return a.label('discard').call(Helper.ringbufDiscard).mov(R0, 0).label('end').exit();
    },
    { ring },
  );
}

/** A packet whose first `length` bytes are to become a record. */
function packetFor(random: Random, length: number): Uint8Array {
  const packet = random.bytes(300);
  packet[15] = length;
  return packet;
}

const copies = (ring: RingBuffer, limit?: number) => {
  const records: Uint8Array[] = [];
  const count = ring.read((data, offset, length) => records.push(data.slice(offset, offset + length)), limit);
  expect(count).toBe(records.length);
  return records;
};

test('records come in order and whole, also where they wrap', () => {
  const random = new Random(1);
  using map = ringMap();
  using ring = new RingBuffer(map);
  using program = recorder(map);
  const run = new TestRun(program);
  const rounds = process.env['XDPKIT_LONG'] ? 20_000 : 2_000;
  let wrapped = 0;
  const expected: Uint8Array[] = [];
  for (let i = 0; i < rounds; i++) {
    for (let n = random.below(12); n > 0; n--) {
      const packet = packetFor(random, 1 + random.below(RECORDS));
      expect(run.run(packet).action).toBe(0);
      expected.push(packet.slice(0, packet[15]));
    }
    const seen: Uint8Array[] = [];
    ring.read((data, offset, length) => {
      if (offset + length > PAGE) wrapped++;
      seen.push(data.slice(offset, offset + length));
    });
    if (seen.length !== expected.length) throw new Error(`${seen.length} records instead of ${expected.length}`);
    if (!seen.every((record, j) => Buffer.compare(record, expected[j]!) === 0)) throw new Error('another record');
    expected.length = 0;
    expect(ring.pending).toBe(0);
  }
  expect(wrapped).toBeGreaterThan(rounds / 20);
});

test('a full ring takes no more, until something is read', () => {
  using map = ringMap();
  using ring = new RingBuffer(map);
  using program = recorder(map);
  const run = new TestRun(program);
  const packet = packetFor(new Random(2), 248);
  for (let i = 0; i < 15; i++) expect(run.run(packet).action).toBe(0);
  expect(run.run(packet).action).not.toBe(0);
  expect(ring.pending).toBe(15 * 256);
  expect(copies(ring, 1)).toHaveLength(1);
  expect(run.run(packet).action).toBe(0);
  expect(copies(ring, 3)).toHaveLength(3);
  expect(copies(ring)).toHaveLength(12);
  expect(copies(ring)).toHaveLength(0);
});

test('what a program discards is passed over', () => {
  using map = ringMap();
  using ring = new RingBuffer(map);
  using program = reserver(map);
  const run = new TestRun(program);
  const random = new Random(3);
  for (let i = 0; i < 1_000; i++) {
    const expected: number[] = [];
    for (let n = 0; n < 20; n++) {
      const discard = random.below(3) === 0;
      const packet = testFrame(i, 60);
      packet.set([n, discard ? 1 : 0]);
      expect(run.run(packet).action).toBe(0);
      if (!discard) expected.push(n);
    }
    expect(copies(ring).map(([first]) => first)).toEqual(expected);
    expect(ring.pending).toBe(0);
  }
});

test('a record that is still being written is not shown', async () => {
  using map = ringMap();
  using ring = new RingBuffer(map);
  // Some 100 µs between the reservation and the last byte.
  using program = reserver(map, (a) => {
    const again = a.fresh('again');
    a.store('u64', R10, -8, 3_000).label(again).call(Helper.ktimeGetNs);
    return a.load('u64', R1, R10, -8).alu('-', R1, 1).store('u64', R10, -8, R1).jump('!=', R1, 0, again);
  });
  const stop = new Int32Array(new SharedArrayBuffer(4));
  const packet = testFrame(0, 60);
  packet.set([0xab, 0]);
  const worker = new Worker(new URL('./ring-writer.mjs', import.meta.url), {
    workerData: { fd: program.fd, packet, stop },
  });
  let [records, wrong, busy] = [0, 0, 0];
  try {
    const end = Date.now() + patient(20_000);
    while ((records < 300 || busy < 3) && Date.now() < end) {
      if (records === 0) await sleep(1);
      for (let i = 0; i < 1_000; i++) {
        const pending = ring.pending;
        const count = ring.read((data, offset) => {
          if (data[offset] !== 0xab || data[offset + 8] !== 0xab) wrong++;
        });
        records += count;
        if (pending > 0 && count === 0) busy++;
      }
    }
  } finally {
    Atomics.store(stop, 0, 1);
    const [runs] = await once(worker, 'message');
    await once(worker, 'exit');
    records += copies(ring).length;
    expect(records).toBe(runs);
  }
  expect({ wrong, records: records >= 300, busy: busy >= 3 }).toEqual({ wrong: 0, records: true, busy: true });
});

test('waiting in poll(2)', () => {
  using map = ringMap();
  using ring = new RingBuffer(map);
  using program = recorder(map);
  expect(ring.wait(0)).toBe(false);
  const begin = performance.now();
  expect(ring.wait(20)).toBe(false);
  expect(performance.now() - begin).toBeGreaterThan(19);
  new TestRun(program).run(packetFor(new Random(4), 8));
  expect(ring.wait(1_000)).toBe(true);
  expect(copies(ring)).toHaveLength(1);
  expect(ring.wait(0)).toBe(false);
});

test('waiting on the event loop', async () => {
  using map = ringMap();
  using ring = new RingBuffer(map);
  using program = recorder(map);
  const run = new TestRun(program);
  const seen: number[] = [];
  const watch = ring.watch(() => ring.read((_data, _offset, length) => seen.push(length)));
  try {
    await sleep(20);
    expect(seen).toEqual([]);
    for (const length of [1, 2, 3]) {
      run.run(packetFor(new Random(5), length));
      await expect.poll(() => seen.length, { interval: 1 }).toBe(length);
    }
    expect(seen).toEqual([1, 2, 3]);
  } finally {
    watch.close();
  }
});

test('a visitor that throws has read its record', () => {
  using map = ringMap();
  using ring = new RingBuffer(map);
  using program = recorder(map);
  const run = new TestRun(program);
  for (const length of [1, 2, 3]) run.run(packetFor(new Random(6), length));
  expect(() =>
    ring.read((_data, _offset, length) => {
      if (length === 2) throw new Error('no');
    }),
  ).toThrow('no');
  expect(copies(ring).map(({ length }) => length)).toEqual([3]);
});

test('another reader goes on where the one before has stopped', () => {
  using map = ringMap();
  using program = recorder(map);
  const run = new TestRun(program);
  for (const length of [1, 2]) run.run(packetFor(new Random(7), length));
  using first = new RingBuffer(map);
  expect(copies(first, 1).map(({ length }) => length)).toEqual([1]);
  first.close();
  first.close();
  using second = new RingBuffer(map);
  expect(copies(second).map(({ length }) => length)).toEqual([2]);
});

test('sizes and kinds that make no ring', () => {
  for (const size of [0, 100, 3 * PAGE])
    expect(() => ringMap(size)).toThrow(expect.objectContaining({ errnoName: 'EINVAL' }));
  using map = new BpfMap({ kind: 'array', name: 'none', valueSize: 4, maxEntries: 1 });
  expect(() => new RingBuffer(map)).toThrow('map none is of kind array, not a ring buffer');
});
