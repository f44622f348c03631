import { macText } from '../../wire/index.js';
import { type Decimal, parseDecimal } from './decimal.js';
import type { Item } from './item.js';
import { macBytes } from './kinds.js';

/** What a word takes from the stack. */
export interface Operand<T> {
  /** What it has to be, as messages say it; may depend on what there is at the moment. */
  readonly describe: string | (() => string);
  /** @returns undefined for an item that is none */
  readonly convert: (item: Item) => T | undefined;
}

export const anyItem: Operand<Item> = { describe: 'an item', convert: (item) => item };
export const text: Operand<string> = { describe: 'a text', convert: (item) => item.text };
export const number: Operand<Decimal> = {
  describe: 'a number from -2^63 to 2^64 - 1, with at most 18 decimal places',
  convert: (item) => parseDecimal(item.text),
};

/** Both ends are in the range. */
export function wholeNumber(low: number, high: number): Operand<number> {
  return {
    describe: `a whole number from ${low} to ${high}`,
    convert: (item) => {
      const value = parseDecimal(item.text);
      return value?.places === 0 && value.units >= low && value.units <= high ? Number(value.units) : undefined;
    },
  };
}

/** An Ethernet address; lower case with colons. */
export const mac: Operand<string> = {
  describe: 'an Ethernet address, such as 02:00:00:00:00:01',
  convert: (item) => {
    const bytes = macBytes(item.text);
    return bytes && macText(bytes);
  },
};

export function choice<T extends string>(...choices: readonly T[]): Operand<T> {
  return {
    describe: `one of ${choices.join(', ')}`,
    convert: (item) => choices.find((each) => each === item.text),
  };
}

/** `on` or `off`, or 1 or 0. */
export const onOff: Operand<boolean> = {
  describe: 'on or off',
  convert: ({ text: word }) => (/^(on|1)$/.test(word) ? true : /^(off|0)$/.test(word) ? false : undefined),
};

/**
 * A number with a unit, such as `20ms`; without one it counts what has the factor 1.
 *
 * @param units factors by name
 * @param high the largest result; the smallest is 0
 */
export function quantity(describe: string, units: Readonly<Record<string, number>>, high: number): Operand<number> {
  return {
    describe,
    convert: (item) => {
      const [, digits = '', unit = ''] = /^(\d{1,18}(?:\.\d{1,9})?)([a-z]*)$/i.exec(item.text) ?? [];
      const factor = unit === '' ? 1 : Object.entries(units).find(([name]) => name === unit.toLowerCase())?.[1];
      const value = digits === '' || factor === undefined ? Number.NaN : Math.round(Number(digits) * factor);
      return value >= 0 && value <= high ? value : undefined;
    },
  };
}
