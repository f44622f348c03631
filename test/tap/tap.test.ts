import { readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { Arena } from '../../dist/sys/index.js';
import { listTaps, TapDirection, TapQueue, TapReader, tapComment } from '../../dist/tap/index.js';
import { Batch, Umem } from '../../dist/xsk/index.js';
import { failOnLeaks } from '../netdev/oracle.js';
import { TapBed, tapName } from './tap-bed.js';

failOnLeaks();

const bytes = (length: number, seed = 0) => Uint8Array.from({ length }, (_, i) => (i * 7 + seed) & 255);

function fill(array: Uint8Array): Uint8Array {
  array.set(bytes(array.length, 3));
  return array;
}

/** The packets that there are, or those of so many blocks, with bytes of their own. */
function collect(reader: TapReader, blocks = Number.POSITIVE_INFINITY) {
  const found: (Omit<TapReader['record'], 'bytes' | 'offset'> & { readonly data: Uint8Array })[] = [];
  for (let i = 0; i < blocks && reader.claim(); i++) {
    while (reader.next()) {
      const { bytes, offset, ...rest } = reader.record;
      found.push({ ...rest, data: bytes.slice(offset, offset + rest.length) });
    }
    reader.release();
  }
  return found;
}

test('what a producer writes is what a reader reads', () => {
  using tap = TapQueue.create({
    name: tapName(),
    interfaces: ['eth0', 'eth1'],
    drops: ['drop set'],
    faults: ['corrupted'],
  });
  using reader = TapReader.open(tap.name);
  const producer = tap.producer(0);
  expect(reader.names).toEqual({ interfaces: ['eth0', 'eth1'], drops: ['drop set'], faults: ['corrupted'] });
  const packet = bytes(60);
  expect(
    producer.write(packet, 0, 60, 1, TapDirection.out, 1_700_000_000, 999_999_999, 1, 0x8000_0001, 0xffff_ffff),
  ).toBe(true);
  expect(reader.claim()).toBe(false);
  producer.publish();
  expect(collect(reader)).toEqual([
    {
      data: packet,
      length: 60,
      originalLength: 60,
      seconds: 1_700_000_000,
      nanoseconds: 999_999_999,
      interface: 1,
      direction: TapDirection.out,
      drop: 1,
      faults: 0x8000_0001,
      argument: 0xffff_ffff,
      lostBefore: 0,
    },
  ]);
  expect(tap.status()).toMatchObject({ tapped: 1, collected: 1, lost: 0, abandoned: 0, queued: 0 });
  expect(tap.status().consumers).toEqual([{ pid: process.pid, records: 1, bytes: 60 }]);
});

test('every length from every place in memory arrives byte for byte', () => {
  using tap = TapQueue.create({ name: tapName(), interfaces: ['eth0'], bytes: 8 << 20, snapLength: 2000 });
  using reader = TapReader.open(tap.name);
  using arena = Arena.create();
  const producer = tap.producer(0, arena);
  const beside = arena.allocate(4099);
  // A later view, of memory that has grown in between.
  const later = arena.allocate(1 << 20).subarray(5, 4000);
  for (const [source, base] of [
    [bytes(4099), 0],
    [bytes(4103).subarray(3), 0],
    [new Uint8Array(new SharedArrayBuffer(4099)).fill(9), 0],
    [fill(beside), 0],
    [fill(later), 0],
    [bytes(1600), 1],
  ] as const) {
    const expected: Uint8Array[] = [];
    for (let length = 0; length < 1590; length += length < 100 ? 1 : 97) {
      for (const offset of [0, 1, 2, 3, source.length - length - base]) {
        producer.write(source, offset, length, 0, 0, 1, 1);
        expected.push(source.slice(offset, offset + length));
      }
    }
    producer.publish();
    expect(collect(reader).map(({ data }) => Buffer.from(data).toString('hex'))).toEqual(
      expected.map((data) => Buffer.from(data).toString('hex')),
    );
  }
});

test('packets of a batch are written as they are one by one, also where blocks end and the ring is full', () => {
  const options = { interfaces: ['eth0', 'eth1'], drops: ['one', 'two'], bytes: 262_144, snapLength: 300 };
  using one = TapQueue.create({ name: tapName(), ...options });
  using many = TapQueue.create({ name: tapName(), ...options });
  using oneReader = TapReader.open(one.name);
  using manyReader = TapReader.open(many.name);
  using umem = new Umem({ frames: 64 });
  const [single, whole] = [one.producer(0, umem.arena), many.producer(0, umem.arena)];
  const batch = new Batch(umem, 64);
  umem.bytes.set(bytes(umem.bytes.length));
  let seed = 1;
  const next = (below: number) => {
    seed = (Math.imul(seed, 1_664_525) + 1_013_904_223) >>> 0;
    return seed % below;
  };
  // Compared as text: number by number takes a hundred times as long.
  const told = (reader: TapReader) =>
    collect(reader).map(({ data, ...rest }) => `${JSON.stringify(rest)} ${Buffer.from(data).toString('hex')}`);
  for (let round = 0; round < 600; round++) {
    const from = next(20);
    const to = from + next(65 - from);
    const drop = next(3);
    const bits = [0, 0x11, 0x42][next(3)]!;
    for (let i = 0; i < 64; i++) {
      batch.classes[i] = next(3) === 0 ? 0 : next(256);
      batch.addresses[i] = i * 2048 + next(200);
      batch.lengths[i] = next(500);
      if (i < from || i >= to || (bits !== 0 && (batch.classes[i]! & bits) === 0)) continue;
      single.write(batch.bytes, batch.addresses[i]!, batch.lengths[i]!, 1, TapDirection.in, round, 7, drop);
    }
    whole.writeBatch(batch, from, to, bits, 1, TapDirection.in, round, 7, drop);
    single.publish();
    whole.publish();
    expect(whole.lost).toBe(single.lost);
    // Now and then, so that the rings become full in between.
    if (next(60) === 0) expect(told(manyReader)).toEqual(told(oneReader));
  }
  expect(told(manyReader)).toEqual(told(oneReader));
  expect(single.lost).toBeGreaterThan(1000);
  expect(many.status()).toMatchObject({ tapped: one.status().tapped, lost: single.lost });
});

test('a packet is cut to the snapshot length, and may come in fragments', () => {
  using tap = TapQueue.create({ name: tapName(), interfaces: ['eth0'], bytes: 1 << 20, snapLength: 100 });
  using reader = TapReader.open(tap.name);
  const producer = tap.producer(0);
  const packet = bytes(300);
  producer.write(packet, 0, 300, 0, 1, 1, 1);
  producer.write(packet, 0, 33, 0, 1, 1, 2);
  producer.append(packet, 33, 40);
  producer.append(packet, 73, 200);
  producer.write(packet, 1, 60, 0, 1, 1, 3);
  producer.publish();
  producer.append(packet, 0, 10);
  expect(collect(reader)).toMatchObject([
    { data: packet.slice(0, 100), originalLength: 300 },
    { data: packet.slice(0, 100), originalLength: 273 },
    { data: packet.slice(1, 61), originalLength: 60 },
  ]);
});

test('a full ring loses packets and counts them; the next packet tells how many', () => {
  using tap = TapQueue.create({ name: tapName(), interfaces: ['eth0'], bytes: 256 << 10, snapLength: 64 });
  using reader = TapReader.open(tap.name);
  const producer = tap.producer(0);
  const packet = bytes(64);
  let [written, lost] = [0, 0];
  for (let i = 0; i < 10_000; i++) {
    if (producer.write(packet, 0, 64, 0, 1, 1, i)) written++;
    else lost++;
    if (i % 50 === 49) producer.publish();
  }
  expect(lost).toBeGreaterThan(0);
  expect(producer.lost).toBe(lost);
  expect(tap.status()).toMatchObject({ tapped: 10_000, lost, queued: written });
  expect(collect(reader).map(({ nanoseconds }) => nanoseconds)).toEqual(Array.from({ length: written }, (_, i) => i));
  producer.write(packet, 0, 64, 0, 1, 2, 0);
  producer.publish();
  expect(collect(reader)).toMatchObject([{ lostBefore: lost }]);
  expect(tap.status()).toMatchObject({ tapped: 10_001, lost, collected: written + 1, queued: 0 });
});

test('a block is one reader’s; what he leaves unreleased goes to the others', () => {
  using tap = TapQueue.create({ name: tapName(), interfaces: ['eth0'] });
  using other = TapReader.open(tap.name);
  const one = TapReader.open(tap.name);
  const producer = tap.producer(0);
  producer.write(bytes(60), 0, 60, 0, 1, 1, 1);
  producer.publish();
  expect(one.claim()).toBe(true);
  expect(other.claim()).toBe(false);
  producer.write(bytes(60), 0, 60, 0, 1, 1, 2);
  producer.publish();
  expect(collect(other)).toMatchObject([{ nanoseconds: 2 }]);
  one.close();
  one.close();
  expect(() => one.claim()).toThrow(expect.objectContaining({ code: 'XDP_ERR_CLOSED' }));
  expect(collect(other)).toMatchObject([{ nanoseconds: 1 }]);
});

test('the tap is over when it is closed and empty', () => {
  const tap = TapQueue.create({ name: tapName(), interfaces: ['eth0'] });
  using reader = TapReader.open(tap.name);
  const producer = tap.producer(0);
  expect(reader.isOver).toBe(false);
  producer.write(bytes(60), 0, 60, 0, 1, 1, 1);
  producer.publish();
  tap.close();
  expect(reader.isOver).toBe(false);
  expect(collect(reader)).toHaveLength(1);
  expect(reader.isOver).toBe(true);
  expect(() => TapReader.open(tap.name)).toThrow(expect.objectContaining({ code: 'XDP_ERR_NO_TAP' }));
});

test('a tap is a file for its user alone, and a name has one process', () => {
  using tap = TapQueue.create({ name: tapName() });
  const path = `/dev/shm/${tap.name}`;
  expect(statSync(path).mode & 0o7777).toBe(0o600);
  expect(listTaps()).toContain(tap.name);
  expect(() => TapQueue.create({ name: tap.name })).toThrow(
    expect.objectContaining({ code: 'XDP_ERR_TAP_TAKEN', message: expect.stringContaining(`${process.pid}`) }),
  );
  tap.close();
  tap.close();
  expect(listTaps()).not.toContain(tap.name);
  writeFileSync(path, 'somebody else');
  try {
    expect(() => TapQueue.create({ name: tap.name })).toThrow(expect.objectContaining({ code: 'XDP_ERR_TAP_TAKEN' }));
    expect(readFileSync(path, 'utf8')).toBe('somebody else');
    expect(() => TapReader.open(tap.name)).toThrow(expect.objectContaining({ code: 'XDP_ERR_TAP' }));
  } finally {
    rmSync(path);
  }
});

test('values out of range are refused', () => {
  const refusal = expect.objectContaining({ code: 'XDP_ERR_USAGE' });
  for (const options of [
    { bytes: 1000 },
    { producers: 0 },
    { snapLength: 10 },
    { producers: 256, bytes: 1 << 20 },
    { name: '../x' },
    { name: '' },
    { faults: Array.from({ length: 33 }, String) },
  ]) {
    expect(() => TapQueue.create({ name: tapName(), ...options })).toThrow(refusal);
  }
  using tap = TapQueue.inMemory({ producers: 2 });
  expect(() => tap.producer(2)).toThrow(refusal);
  expect(() => tap.producer(-1)).toThrow(refusal);
});

test('two threads and three processes: every packet reaches one collector, once, in order', async () => {
  await using bed = new TapBed({ producers: 2, bytes: 2 << 20 });
  const collectors = [bed.collector(), bed.collector(), bed.collector(1)];
  await expect.poll(() => bed.tap.status().consumers.length, { timeout: 60_000 }).toBe(3);
  const ends = [await bed.produce(0, 20_000, { pause: 1 }), await bed.produce(1, 20_000, { pause: 1 })];
  const produced = await Promise.all(ends.map((end) => end()));
  await expect.poll(() => bed.tap.status().queued).toBe(0);
  const { tapped, collected, lost, abandoned } = bed.tap.status();
  const writtenOf = produced.map(({ written }) => written);
  expect({ tapped, collected, lost, abandoned }).toEqual({
    tapped: 40_000,
    collected: writtenOf[0]! + writtenOf[1]!,
    lost: produced[0]!.lost + produced[1]!.lost,
    abandoned: 0,
  });
  bed.tap.close();
  for (const each of collectors) expect((await each.end()).status).toBe(0);
  const found = bed.numbers(2);
  for (const ring of [0, 1]) {
    const numbers = found.map((rings) => rings[ring]!);
    for (const list of numbers) expect(list).toEqual([...list].sort((a, b) => a - b));
    expect(new Set(numbers.flat()).size).toBe(writtenOf[ring]);
    expect(numbers.flat()).toHaveLength(writtenOf[ring]!);
  }
}, 120_000);

test('a producer thread that is ended in the middle of a write wedges nothing, and another takes its ring', async () => {
  await using bed = new TapBed({ bytes: 1 << 20 });
  using reader = TapReader.open(bed.tap.name);
  let seen = 0;
  for (let round = 0; round < 4; round++) {
    await bed.produce(0, 2 ** 50, { batch: 200 });
    const end = performance.now() + 20 + Math.random() * 20;
    while (performance.now() < end) seen += collect(reader, 1).length;
    await bed.terminate();
    bed.tap.retire(0);
    seen += collect(reader).length;
    const { tapped, lost, collected, queued } = bed.tap.status();
    expect({ queued, tapped, collected }).toEqual({ queued: 0, tapped: seen + lost, collected: seen });
  }
  expect(seen).toBeGreaterThan(1000);
}, 120_000);

test('what happened to a packet is told in words', () => {
  const names = { drops: ['drop set', 'fault'], faults: ['corrupted', 'delayed by {} µs'] };
  expect(tapComment({ drop: 0, faults: 0, argument: 3 }, names)).toBeUndefined();
  expect(tapComment({ drop: 2, faults: 0, argument: 0 }, names)).toBe('dropped: fault');
  expect(tapComment({ drop: 0, faults: 3, argument: 20_000 }, names)).toBe('corrupted; delayed by 20000 µs');
  expect(tapComment({ drop: 9, faults: 0x8000_0000, argument: 0 }, names)).toBe('dropped: reason 9; fault 31');
});
