import fc from 'fast-check';
import { expect, test } from 'vitest';
import { MacSet } from '../../dist/control/index.js';

const text = (bytes: readonly number[]) => bytes.map((byte) => byte.toString(16).padStart(2, '0')).join(':');
/** Few different bytes: addresses that differ in a bit or two, and come twice. */
const mac = fc
  .array(fc.oneof(fc.constantFrom(0, 1, 0x80, 0xff), fc.nat(255)), { minLength: 6, maxLength: 6 })
  .map(text);

test('it has what was put in, and nothing else, for everybody who sees its memory', () => {
  fc.assert(
    fc.property(fc.array(mac, { maxLength: 200 }), fc.array(mac, { maxLength: 50 }), (put, asked) => {
      const set = new MacSet();
      const seen = new MacSet(set.shared);
      const model = new Set<string>();
      for (const address of put) {
        expect(set.insert(address)).toBe(!model.has(address));
        model.add(address);
      }
      expect(seen.size).toBe(model.size);
      expect(seen.list()).toEqual([...model].sort());
      for (const address of [...put, ...asked]) expect(seen.has(address)).toBe(model.has(address));
      set.reset();
      expect([seen.size, seen.list()]).toEqual([0, []]);
      for (const address of put) expect(seen.has(address)).toBe(false);
    }),
  );
});

test('it takes 1,024 addresses, and says that it is full', () => {
  const set = new MacSet();
  const addresses = Array.from({ length: MacSet.MOST }, (_, i) => text([2, 0, 0, 0, i >> 8, i & 255]));
  for (const address of addresses) set.insert(address);
  expect(set.size).toBe(1024);
  expect(() => set.insert('02:ff:ff:ff:ff:ff')).toThrow(
    expect.objectContaining({ code: 'XDP_ERR_USAGE', message: 'a set has room for 1024 addresses' }),
  );
  // One that it has is no new one.
  expect(set.insert(addresses[500]!)).toBe(false);
  expect(addresses.every((address) => set.has(address))).toBe(true);
  expect(set.has('02:ff:ff:ff:ff:ff')).toBe(false);
});

test('an address is known however it is written', () => {
  const set = new MacSet();
  set.insert('FF-00-00-00-00-FE');
  expect(set.list()).toEqual(['ff:00:00:00:00:fe']);
  expect(set.has('ff:00:00:00:00:fe')).toBe(true);
  expect(set.has('ff:00:00:00:00:ff')).toBe(false);
  expect(() => set.insert('02:00')).toThrow(expect.objectContaining({ code: 'XDP_ERR_USAGE' }));
});
