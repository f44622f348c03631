import { XdpError } from '../sys/index.js';
import { REGISTERS } from './instruction.js';

const REGISTER_NUMBERS: ReadonlyMap<string, number> = new Map(REGISTERS.map((name, number) => [name, number]));

/** The error every refusal of the assembler is: it names the slot. */
export function failure(index: number, text: string): XdpError {
  return new XdpError('XDP_ERR_ASSEMBLER', `instruction ${index}: ${text}`);
}

export function registerNumber(index: number, name: string): number {
  const number = REGISTER_NUMBERS.get(name);
  if (number === undefined) throw failure(index, `there is no register "${name}"`);
  return number;
}

/** What a table has under a name, which the types allow but a caller without types may have got wrong. */
export function lookUp<Value>(
  index: number,
  what: string,
  table: Readonly<Record<string, Value>>,
  name: string,
): Value {
  if (!Object.hasOwn(table, name)) throw failure(index, `there is no ${what} "${name}"`);
  return table[name] as Value;
}

/**
 * The immediate for a value of an operation of so many bits. It has 32; an operation of 64 extends its sign, so that only
 * there the unsigned numbers from 2 ** 31 would mean something else.
 */
export function immediateOf(index: number, value: number, bits: number): number {
  const fits = bits === 64 ? isSigned(value, 32) : isSigned(value, bits) || isUnsigned(value, bits);
  if (!fits) {
    const room = bits === 64 ? 'a signed immediate of 32 bits; load64 takes 64' : `${bits} bits`;
    throw failure(index, `${value} does not fit in ${room}`);
  }
  return value | 0;
}

export function isSigned(value: number, bits: number): boolean {
  const limit = 2 ** (bits - 1);
  return Number.isInteger(value) && value >= -limit && value < limit;
}

function isUnsigned(value: number, bits: number): boolean {
  return Number.isInteger(value) && value >= 0 && value < 2 ** bits;
}
