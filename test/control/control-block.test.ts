import { expect, test } from 'vitest';
import { ControlBlock, checkSetting, parseSetting, settingRange, settingText } from '../../dist/control/index.js';

const base = { unit: '', min: 0, help: '' } as const;
const SCHEMA = {
  seed: { ...base, scope: 'global', word: 'x.seed', max: 0xffff_ffff, initial: 7 },
  amount: { ...base, scope: 'global', word: 'x.amount', unit: 'bytes', min: 1, max: 100, initial: 1 },
  delay: { ...base, scope: 'interface', word: 'x.delay', unit: 'us', max: 60_000_000, initial: 0 },
  mode: { ...base, scope: 'interface', word: 'x.mode', max: 1, initial: 1, choices: ['off', 'on'] },
} as const;

test('a new block has the initial values, for all interfaces', () => {
  const block = new ControlBlock(SCHEMA, 3);
  for (const port of [0, 1, 2]) expect(block.read(port)).toEqual({ seed: 7, amount: 1, delay: 0, mode: 1 });
});

test('what is set is seen through another view of the same memory, and for that interface alone', () => {
  const block = new ControlBlock(SCHEMA, 2);
  const other = new ControlBlock(SCHEMA, 2, block.shared);
  const before = other.generation;
  block.set('delay', 20_000, 1);
  expect(other.generation).not.toBe(before);
  block.change({ seed: 0xffff_ffff, amount: 3 });
  expect(other.read(0)).toEqual({ seed: 0xffff_ffff, amount: 3, delay: 0, mode: 1 });
  expect(other.read(1)).toEqual({ seed: 0xffff_ffff, amount: 3, delay: 20_000, mode: 1 });
  expect(other.get('delay', 1)).toBe(20_000);
});

test('what is out of range changes nothing, and says so by the word of the console', () => {
  const block = new ControlBlock(SCHEMA, 2);
  const { generation } = block;
  const usage = (message: string) => expect.objectContaining({ code: 'XDP_ERR_USAGE', message });
  expect(() => block.change({ seed: 1, amount: 101 })).toThrow(
    usage('x.amount takes a whole number from 1 to 100 (bytes), not 101'),
  );
  for (const value of [-1, 0.5, Number.NaN, Number.POSITIVE_INFINITY]) {
    expect(() => block.set('seed', value)).toThrow(expect.objectContaining({ code: 'XDP_ERR_USAGE' }));
  }
  for (const port of [undefined, -1, 2, 0.5]) {
    expect(() => block.set('delay', 1, port)).toThrow(usage('x.delay needs an interface from 0 to 1'));
  }
  expect(() => block.set('nothing' as 'seed', 1)).toThrow(usage('there is no setting "nothing"'));
  expect(block.generation).toBe(generation);
  expect(block.get('seed')).toBe(7);
});

test('while a change is under way there is nothing to read', () => {
  const block = new ControlBlock(SCHEMA, 1);
  const generation = new Int32Array(block.shared, 0, 1);
  generation[0]! += 1;
  expect(block.read(0)).toBeUndefined();
  generation[0]! += 1;
  expect(block.read(0)).toBeDefined();
});

test('settings are told and read in words', () => {
  const { mode, amount } = SCHEMA;
  expect([parseSetting(mode, 'on'), parseSetting(mode, '0'), parseSetting(amount, '100')]).toEqual([1, 0, 100]);
  expect([settingText(mode, 1), settingText(amount, 5)]).toEqual(['on', '5']);
  expect(settingRange(mode)).toBe('one of off, on');
  for (const text of ['', 'ON', '2', '1e1', '-1', '0x1', '99999999999999999', ' 1']) {
    expect(() => parseSetting(mode, text)).toThrow(expect.objectContaining({ code: 'XDP_ERR_USAGE' }));
  }
  expect(() => checkSetting(amount, 0)).toThrow(/x\.amount/);
});
