import { expect, test } from 'vitest';
import { EtherTypeTable } from '../../dist/pipeline/ether-type-table.js';
import { MacTable } from '../../dist/pipeline/mac-table.js';
import { StatisticsStage, statisticsPlace } from '../../dist/pipeline/statistics-stage.js';
import { Batch, Umem } from '../../dist/xsk/index.js';

const CONTINUED = 1;
const FRAME = 2048;

/** Small numbers in an order that is the same every time. */
function sequence(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
}

/** The head of a frame: addresses, tags, type. */
function header(source: number, tags: readonly number[], type: number): number[] {
  const word = (value: number) => [value >> 8, value & 255];
  return [
    2,
    0,
    0,
    0,
    0,
    9,
    6,
    source >> 8,
    source & 255,
    7,
    8,
    source & 3,
    ...tags.flatMap((tag) => [...word(tag), 0, 5]),
    ...word(type),
  ];
}
const macOf = (source: number) =>
  [6, source >> 8, source & 255, 7, 8, source & 3].map((byte) => byte.toString(16).padStart(2, '0')).join(':');

test.each([
  ['each in a frame', false],
  ['some in several frames', true],
])('random packets are counted as a plain count has them, %s', (_how, fragments) => {
  const next = sequence(fragments ? 7 : 1);
  using umem = new Umem({ frames: 64, frameSize: FRAME });
  const { bytes } = umem;
  const batch = new Batch(umem, 64);
  const place = statisticsPlace();
  const stage = new StatisticsStage(place, umem);
  const macs = new Map<string, { packets: number; bytes: number; lastSeen: number }>();
  const types = new Map<string, { packets: number; bytes: number; lastSource: string }>();
  for (let round = 1; round <= 200; round++) {
    let count = 0;
    while (count < 60) {
      const source = next(4) === 0 ? next(300) : 1;
      const tags = Array.from({ length: next(3) === 0 ? next(6) : 0 }, () => (next(2) === 0 ? 0x8100 : 0x88a8));
      const type = [0x0800, 0x86dd, 0x0806, 46, 1000][next(5)]!;
      const frames = fragments ? 1 + next(3) : 1;
      let length = 0;
      for (let i = 0; i < frames; i++, count++) {
        batch.addresses[count] = count * FRAME + 256 + 2 * next(3);
        batch.lengths[count] = 64 + next(100);
        batch.options[count] = i < frames - 1 ? CONTINUED : 0;
        length += batch.lengths[count]!;
      }
      bytes.set(header(source, tags, type), batch.addresses[count - frames]!);
      const mac = macs.get(macOf(source)) ?? { packets: 0, bytes: 0, lastSeen: 0 };
      macs.set(macOf(source), { packets: mac.packets + 1, bytes: mac.bytes + length, lastSeen: round });
      for (const [level, etherType] of [...tags, type].slice(0, 5).entries()) {
        const key = `${level} ${etherType < 0x600 ? 0 : etherType}`;
        const seen = types.get(key) ?? { packets: 0, bytes: 0 };
        types.set(key, { packets: seen.packets + 1, bytes: seen.bytes + length, lastSource: macOf(source) });
      }
    }
    batch.count = count;
    if (fragments) stage.countWhole(batch, round);
    else stage.count(batch, round);
  }
  const counted = new MacTable(place.macs).read().map(({ mac, ...rest }) => [mac, rest]);
  expect(Object.fromEntries(counted)).toEqual(Object.fromEntries(macs));
  const levels = new EtherTypeTable(place.etherTypes)
    .read()
    .map(({ level, etherType, ...rest }) => [`${level} ${etherType}`, rest]);
  expect(Object.fromEntries(levels)).toEqual(Object.fromEntries(types));
});

test('addresses that find no place are counted together', () => {
  const table = new MacTable(MacTable.memoryFor(16));
  for (let i = 0; i < 20; i++) table.add(table.find(i, i), 2, 128, 5);
  expect(table.read()).toHaveLength(12);
  expect(table.overflow).toBe(16);
  table.add(table.find(3, 3), 1, 64, 6);
  expect(table.read().find(({ mac }) => mac === '03:00:03:00:00:00')).toEqual({
    mac: '03:00:03:00:00:00',
    packets: 3,
    bytes: 192,
    lastSeen: 6,
  });
});

test('EtherTypes beyond the table are counted together', () => {
  const table = new EtherTypeTable(EtherTypeTable.memory());
  for (let i = 0; i < 300; i++) table.add(table.find(0, 0x1000 + i), 1, 60, 0, 0);
  expect(table.read()).toHaveLength(256);
  expect(table.overflow).toBe(44);
});
