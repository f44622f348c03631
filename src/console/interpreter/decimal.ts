import { Item, rangeOf } from './item.js';
import { Refusal } from './refusal.js';

/** A number with decimal places, exactly: `units` divided by ten to the power of `places`. */
export interface Decimal {
  readonly units: bigint;
  readonly places: number;
}

const MOST_PLACES = 18;
const [LEAST] = rangeOf('int64');
const [, MOST] = rangeOf('uint64');
const WHOLE = /^([+-]?)(\d{1,20}|0x[0-9a-f]{1,16})$/i;
const BROKEN = /^([+-]?)(\d{1,20})\.(\d{1,18})$/;

export const ZERO: Decimal = { units: 0n, places: 0 };
export const ONE: Decimal = { units: 1n, places: 0 };

/**
 * `3`, `-0.05` or `0xff`; from -2^63 to 2^64 - 1, with at most 18 decimal places.
 *
 * @returns undefined for what is no number, or out of range
 */
export function parseDecimal(text: string): Decimal | undefined {
  const whole = WHOLE.exec(text);
  const broken = whole ? null : BROKEN.exec(text);
  const [, sign, digits = '', fraction = ''] = whole ?? broken ?? [];
  if (digits === '') return undefined;
  const magnitude = BigInt(digits + fraction);
  const number = { units: sign === '-' ? -magnitude : magnitude, places: fraction.length };
  return isInRange(number) ? shortest(number) : undefined;
}

export function add(a: Decimal, b: Decimal): Decimal {
  const places = Math.max(a.places, b.places);
  return checked({ units: scaled(a, places) + scaled(b, places), places });
}

export function negate({ units, places }: Decimal): Decimal {
  return { units: -units, places };
}

export function multiply(a: Decimal, b: Decimal): Decimal {
  return checked({ units: a.units * b.units, places: a.places + b.places });
}

/** A whole number becomes an int64, or a uint64 where it is too large; any other one a string. */
export function decimalItem({ units, places }: Decimal): Item {
  if (places === 0) return Item.integer(units > rangeOf('int64')[1] ? 'uint64' : 'int64', units);
  const digits = String(units < 0n ? -units : units).padStart(places + 1, '0');
  return Item.string(`${units < 0n ? '-' : ''}${digits.slice(0, -places)}.${digits.slice(-places)}`);
}

function checked(number: Decimal): Decimal {
  const result = shortest(number);
  if (!isInRange(result)) throw new Refusal('the result is out of range: it has to lie from -2^63 to 2^64 - 1');
  if (result.places > MOST_PLACES) throw new Refusal(`the result has more than ${MOST_PLACES} decimal places`);
  return result;
}

function isInRange({ units, places }: Decimal): boolean {
  const unit = 10n ** BigInt(places);
  return units >= LEAST * unit && units <= MOST * unit;
}

const scaled = ({ units, places }: Decimal, to: number): bigint => units * 10n ** BigInt(to - places);

/** Without zeros at its end. */
function shortest({ units, places }: Decimal): Decimal {
  let [rest, left] = [units, places];
  while (left > 0 && rest % 10n === 0n) [rest, left] = [rest / 10n, left - 1];
  return { units: rest, places: left };
}
