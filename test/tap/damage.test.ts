import { closeSync, openSync, readFileSync, unlinkSync, writeFileSync, writeSync } from 'node:fs';
import { expect, test } from 'vitest';
import { TapQueue, TapReader } from '../../dist/tap/index.js';
import { Random } from '../rules/random.js';
import { tapName } from './tap-bed.js';

/** XDPKIT_LONG=1: a hundred thousand. */
const CASES = process.env['XDPKIT_LONG'] ? 100_000 : 1500;
const NUMBERS = [0, 1, 7, 8, 63, 64, 65, 0x7fff_ffff, 0x8000_0000, 0xffff_ffff, 0xffff_fff0, 1 << 20, 65_536, 9216];

test(
  `${CASES} damaged taps: a reader reads on or tells what is wrong, and ends`,
  () => {
    const name = tapName();
    using tap = TapQueue.create({
      name,
      producers: 2,
      bytes: 1 << 18,
      snapLength: 200,
      interfaces: ['a', 'b'],
      drops: ['x'],
    });
    const path = `/dev/shm/${name}`;
    const packet = new Uint8Array(300);
    for (const ring of [0, 1]) {
      const producer = tap.producer(ring);
      for (let i = 0; i < 700; i++) producer.write(packet, 0, 60 + (i % 200), i & 1, 1, 1, i);
      producer.publish();
    }
    const whole = readFileSync(path);
    const rows = 64 + Math.ceil(JSON.stringify({ interfaces: ['a', 'b'], drops: ['x'], faults: [] }).length / 64) * 64;
    const rings = rows + 64 * 64;
    const blocks = Math.ceil((rings + 256) / 4096) * 4096;
    const random = new Random(17);
    const next = () => random.u32();
    const fd = openSync(path, 'r+');
    const outcomes = new Map<string, number>();
    for (let run = 0; run < CASES; run++) {
      const places: number[] = [];
      for (let i = 1 + (next() % 6); i > 0; i--) {
        // Header, consumers' rows, rings and states, block headers and records, anything.
        const [from, length] = [
          [0, rows],
          [rows, 4096],
          [rings, 256],
          [blocks + (next() % 16) * 16_384, 256],
          [0, whole.length],
        ][next() % 5]!;
        places.push(Math.min((from! + (next() % length!)) & ~3, whole.length - 4));
      }
      for (const at of places) {
        const value = next() % 2 === 0 ? NUMBERS[next() % NUMBERS.length]! : next() >>> 0;
        writeSync(fd, new Uint32Array([value]), 0, 4, at);
      }
      const begun = process.cpuUsage();
      let outcome = 'read';
      try {
        using reader = TapReader.open(name);
        let claims = 0;
        // A reader may refuse a block and go on behind it; it may not go on for ever.
        while (claims++ < 200) {
          try {
            if (!reader.claim()) break;
            while (reader.next()) expect(reader.record.offset + reader.record.length).toBeLessThanOrEqual(whole.length);
            reader.release();
          } catch (error) {
            outcome = (error as { code?: string }).code ?? String(error);
          }
        }
        expect(claims).toBeLessThan(200);
        reader.status();
        reader.recover();
        void reader.isOver;
        tap.status();
      } catch (error) {
        outcome = (error as { code?: string }).code ?? String(error);
      }
      outcomes.set(outcome, (outcomes.get(outcome) ?? 0) + 1);
      const { user, system } = process.cpuUsage(begun);
      expect(user + system).toBeLessThan(2_000_000);
      writeSync(fd, whole, 0, whole.length, 0);
    }
    closeSync(fd);
    expect([...outcomes.keys()].filter((outcome) => !['read', 'XDP_ERR_TAP'].includes(outcome))).toEqual([]);
    expect(outcomes.get('read')).toBeGreaterThan(0);
    expect(outcomes.get('XDP_ERR_TAP')).toBeGreaterThan(CASES / 10);
  },
  600_000 + CASES * 60,
);

test.each([
  ['a version of tomorrow', 8, 2, /version 2; this xdpkit reads 1/],
  ['another magic', 0, 0, /no tap/],
  ['more rings than fit', 12, 200, /measures/],
  ['another PID namespace', 48, 1, /another PID namespace/],
  ['names that are no JSON', 64, 0, /names/],
])('%s is refused in words', (_, at, value, message) => {
  using tap = TapQueue.create({ name: tapName() });
  const path = `/dev/shm/${tap.name}`;
  const fd = openSync(path, 'r+');
  writeSync(fd, new Uint32Array([value]), 0, 4, at);
  closeSync(fd);
  expect(() => TapReader.open(tap.name)).toThrow(
    expect.objectContaining({ code: 'XDP_ERR_TAP', message: expect.stringMatching(message) }),
  );
});

test('a file that is cut off is refused', () => {
  using tap = TapQueue.create({ name: tapName() });
  const copy = tapName();
  writeFileSync(`/dev/shm/${copy}`, readFileSync(`/dev/shm/${tap.name}`).subarray(0, 100_000));
  try {
    expect(() => TapReader.open(copy)).toThrow(expect.objectContaining({ code: 'XDP_ERR_TAP' }));
  } finally {
    writeFileSync(`/dev/shm/${copy}`, '');
    expect(() => TapReader.open(copy)).toThrow(expect.objectContaining({ code: 'XDP_ERR_TAP' }));
    unlinkSync(`/dev/shm/${copy}`);
  }
});
