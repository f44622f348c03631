import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { MacClasses, MacSet } from '../../dist/control/index.js';
import { Arena } from '../../dist/sys/index.js';
import { Batch, Packet, Umem } from '../../dist/xsk/index.js';

const FRAME = 2048;
const PACKETS = 40;
const SETS = 4;
/** Few addresses, so that many packets are to or from a member; pairs of them end in the same four bytes, which a filter looks at. */
const address = fc.nat(300);
const bytesOf = (number: number) => [number & 1 ? 2 : 6, 0, 0, 0, number >> 9, (number >> 1) & 255];
const text = (number: number) =>
  bytesOf(number)
    .map((byte) => byte.toString(16).padStart(2, '0'))
    .join(':');
const umem = new Umem({ frames: PACKETS });
const overrun = expect.objectContaining({ code: 'XDP_ERR_USAGE' });

test('each packet gets the sets that its addresses are in, also after the sets have changed', () => {
  const batch = new Batch(umem, PACKETS);
  const sets = Array.from({ length: SETS }, () => new MacSet());
  const classes = new MacClasses(sets, umem.arena);
  const packet = fc.record({ destination: address, source: address, offset: fc.nat(40) });
  const members = fc.array(fc.tuple(address, fc.nat(SETS - 1)), { maxLength: 20 });
  const ports = fc.array(fc.integer({ min: -2, max: 3 }), { minLength: PACKETS, maxLength: PACKETS });
  const list = fc.array(packet, { maxLength: PACKETS });
  fc.assert(
    fc.property(members, list, ports, fc.nat(255), fc.nat(9), (put, list, ports, bits, emptied) => {
      sets[emptied]?.reset();
      for (const [number, place] of put) sets[place]!.insert(text(number));
      for (const [i, { destination, source, offset }] of list.entries()) {
        const at = i * FRAME + offset;
        batch.addresses[i] = at;
        batch.bytes.set([...bytesOf(destination), ...bytesOf(source)], at);
      }
      batch.count = list.length;
      const bit = (number: number, shift: number) =>
        sets.reduce((sum, set, place) => sum | (set.has(text(number)) ? 1 << (place + shift) : 0), 0);
      const expected = list.map(({ destination, source }) => bit(source, 0) | bit(destination, SETS));
      const all = expected.reduce((sum, found) => sum | found, 0);
      expect(classes.classify(batch)).toBe(all);
      if (all !== 0) expect([...batch.classes.subarray(0, list.length)]).toEqual(expected);
      batch.egress.set(ports);
      classes.redirect(batch, bits, -3);
      expect([...batch.egress]).toEqual(
        ports.map((port, i) => (port >= 0 && ((expected[i] ?? 0) & bits) !== 0 ? -3 : port)),
      );
    }),
    { numRuns: 1000 },
  );
});

test('a bit for each set and side', () => {
  const sets = Array.from({ length: SETS }, () => new MacSet());
  const classes = new MacClasses(sets, umem.arena);
  expect(sets.map((set) => [classes.from(set), classes.to(set), classes.either(set)])).toEqual([
    [1, 16, 17],
    [2, 32, 34],
    [4, 64, 68],
    [8, 128, 136],
  ]);
  expect(() => classes.from(new MacSet())).toThrow(overrun);
  using arena = Arena.create();
  expect(() => new MacClasses([...sets, new MacSet()], arena)).toThrow(overrun);
});

describe('a batch is classified once', () => {
  const set = new MacSet();
  set.insert(text(1));
  const classes = new MacClasses([set], umem.arena);
  const batch = new Batch(umem, PACKETS);
  const packet = new Packet(batch, FRAME);
  const load = () => {
    batch.addresses[0] = 0;
    batch.lengths[0] = 60;
    batch.bytes.set([...bytesOf(2), ...bytesOf(1)]);
    batch.egress[0] = 0;
    batch.count = 1;
  };

  test('until it holds other packets', () => {
    load();
    expect(classes.classify(batch)).toBe(1);
    // As a packet that is on its way out by then: nobody looks at it again.
    batch.bytes.set([...bytesOf(1), ...bytesOf(2)]);
    expect(classes.classify(batch)).toBe(1);
    batch.sift(0, 0);
    expect(batch.count).toBe(1);
    expect(classes.classify(batch)).toBe(1);
    batch.count = 1;
    expect(classes.classify(batch)).toBe(16);
  });

  test('until a packet is given another address', () => {
    load();
    packet.moveTo(0);
    expect(classes.classify(batch)).toBe(1);
    for (const offset of [12, 13, 59]) packet.setU8(offset, 255);
    expect(batch.classifiedBy).toBe(classes);
    for (const offset of [0, 5, 6, 11]) {
      load();
      classes.classify(batch);
      packet.setU8(offset, packet.u8(offset) ^ 1);
      expect(classes.classify(batch)).toBe(offset > 5 ? 0 : 1);
    }
    load();
    classes.classify(batch);
    packet.setU32(8, 7);
    expect(classes.classify(batch)).toBe(0);
  });

  test('by each who asks', () => {
    load();
    const other = new MacSet();
    const others = new MacClasses([other, set], umem.arena);
    expect([classes.classify(batch), others.classify(batch), classes.classify(batch)]).toEqual([1, 2, 1]);
  });
});
