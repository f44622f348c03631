// needs: clang-14
import { expect, test } from 'vitest';
import { TestRun } from '../../dist/kernel/index.js';
import { BpfObject, type BtfValue } from '../../dist/object/index.js';
import { failOnLeaks } from '../netdev/oracle.js';
import { compile } from './compile.js';
import { udpFrame } from './packets.js';

failOnLeaks();
const open = () => BpfObject.open(compile('variables'));
const usage = (message: RegExp) =>
  expect.objectContaining({ code: 'XDP_ERR_USAGE', message: expect.stringMatching(message) });

/** As the C source has them: before, and after one run. */
const VALUES: Readonly<Record<string, readonly [section: string, before: BtfValue, after: BtfValue]>> = {
  u8: ['.data', 200, 201],
  s8: ['.data', -100, -99],
  u16: ['.data', 60000, 60001],
  s16: ['.data', -30000, -29999],
  u32: ['.data', 4_000_000_000, 4_000_000_001],
  s32: ['.data', -2_000_000_000, -1_999_999_999],
  u64: ['.data', 0xfedcba9876543210n, 0xfedcba9876543211n],
  s64: ['.data', -0x123456789abcdef0n, -0x123456789abcdeefn],
  yes: ['.data', true, false],
  text: ['.data', text('hello', 16), text('iello', 16)],
  mac: ['.data', Uint8Array.of(2, 0, 0, 0, 0, 1), Uint8Array.of(2, 0, 0, 0, 0, 2)],
  list: ['.data', [10, 20, 30], [11, 20, 30]],
  point: ['.data', { x: -3, tag: 9, weight: 5n }, { x: -4, tag: 9, weight: 7n }],
  flags: ['.data', Uint8Array.of(5 | (17 << 3), 0, 0, 0), Uint8Array.of(5 | (18 << 3), 0, 0, 0)],
  level: ['.data', 7, 0],
  direction: ['.data', -1, 1],
  pointer: ['.bss', 0n, 0n],
  constant: ['.rodata', 17, 17],
  strict: ['.rodata', false, false],
  mine: ['.data.mine', 77, 78],
  theirs: ['.rodata.theirs', 88, 88],
  weak: ['.data', 5, 5],
  counter: ['.bss', 0, 1],
  offset: ['.data', -5, -5],
  // counter + offset + constant + theirs + mine + weak
  zero: ['.bss', 0, 1 - 5 + 17 + 88 + 77 + 5],
};

function text(content: string, size: number): Uint8Array {
  const bytes = new Uint8Array(size);
  bytes.set(Buffer.from(content));
  return bytes;
}

test('have their types, values and sections, and change as the program runs', () => {
  const object = open();
  const expected = (which: 1 | 2) => Object.entries(VALUES).map(([name, row]) => [name, row[0], row[which]]);
  const read = ({ variables }: Pick<BpfObject, 'variables'>) =>
    Object.keys(VALUES).map((name) => [name, variables.get(name)?.section, variables.get(name)?.get()]);
  expect(read(object)).toEqual(expected(1));
  using loaded = object.load();
  expect(read(loaded)).toEqual(expected(1));
  expect(new TestRun(loaded.program('run')).run(udpFrame()).action).toBe(2);
  expect(read(loaded)).toEqual(expected(2));
});

test('are set before and after loading', () => {
  const object = open();
  const changed: Readonly<Record<string, BtfValue>> = {
    u8: 1,
    s8: -1,
    u16: 2,
    s64: -3n,
    u64: 12,
    list: [7, 8, 9],
    mac: Uint8Array.of(1, 2, 3, 4, 5, 6),
    point: { x: 1, tag: 2, weight: 3 },
    direction: 1,
  };
  const read = ({ variables }: Pick<BpfObject, 'variables'>) =>
    Object.fromEntries(Object.keys(changed).map((name) => [name, variables.get(name)!.get()]));
  const expected = { ...changed, u64: 12n, point: { x: 1, tag: 2, weight: 3n } };
  for (const [name, value] of Object.entries(changed)) object.variables.get(name)!.set(value);
  object.variables.get('constant')!.set(1000);
  expect(read(object)).toEqual(expected);
  using loaded = object.load();
  expect(read(loaded)).toEqual(expected);
  new TestRun(loaded.program('run')).run(udpFrame());
  expect(loaded.variables.get('zero')?.get()).toBe(1 - 5 + 1000 + 88 + 77 + 5);
  for (const [name, value] of Object.entries(changed)) loaded.variables.get(name)!.set(value);
  expect(read(loaded)).toEqual(expected);
});

test('that are read-only are part of the program once it is loaded', () => {
  const object = open();
  object.variables.get('strict')!.set(true);
  using loaded = object.load();
  expect(new TestRun(loaded.program('run')).run(udpFrame()).action).toBe(0);
  expect(() => loaded.variables.get('strict')!.set(false)).toThrow(usage(/strict is read-only/));
  expect(loaded.maps.get('.rodata')?.info.frozen).toBe(true);
});

test.each<[string, BtfValue, RegExp]>([
  ['u8', 256, /u8: 256 is no whole number from 0 to 255/],
  ['u8', -1, /from 0 to 255/],
  ['u8', 1.5, /whole number/],
  ['s8', 128, /from -128 to 127/],
  ['u64', -1n, /from 0 to 18446744073709551615/],
  ['s64', 2n ** 63n, /from -9223372036854775808 to/],
  ['u32', true, /true is no whole number/],
  ['yes', 1, /neither true nor false/],
  ['list', [1, 2], /no list of 3 values/],
  ['list', [1, 2, -1], /-1 is no whole number/],
  ['mac', Uint8Array.of(1), /mac has 6 bytes, not 1/],
  ['mac', 5, /no Uint8Array of 6 bytes/],
  ['point', { x: 1, tag: 2 }, /field weight is missing/],
])('%s can not be set to %o', (name, value, message) => {
  const variable = open().variables.get(name)!;
  const before = variable.get();
  expect(() => variable.set(value)).toThrow(usage(message));
  expect(variable.get()).toEqual(before);
});

test('static variables of functions have names of their own', () => {
  const names = [...open().variables.keys()];
  expect(names).toContain('counter');
  expect(names).toContain('step.counter');
  expect(names).toContain('run.format');
});
