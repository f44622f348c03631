import type { BpfObject, BtfValue, LoadedObject, Variable } from '../object/index.js';
import { XdpError } from '../sys/index.js';

const HEX_WITH_COLONS = /^[0-9a-f]{2}(:[0-9a-f]{2})*$/i;
const WHOLE_NUMBER = /^(-?)(0x[0-9a-f]+|\d+)$/i;

/**
 * Sets a variable to what somebody has typed: a number, `true` or `false`, a list of numbers with commas, and for bytes
 * `0x…`, hexadecimal digits with colons, or text.
 *
 * @throws XDP_ERR_USAGE
 */
export function setVariable(variable: Variable, text: string): void {
  variable.set(parseLike(variable.get(), text, variable.name));
}

function parseLike(current: BtfValue, text: string, name: string): BtfValue {
  if (typeof current === 'number' || typeof current === 'bigint') return wholeNumber(text, name);
  if (typeof current === 'boolean') {
    if (text !== 'true' && text !== 'false') throw usage(name, text, 'true or false');
    return text === 'true';
  }
  if (current instanceof Uint8Array) return parseBytes(text, current.length, name);
  if (Array.isArray(current)) {
    const parts = text.split(',');
    if (parts.length !== current.length) throw usage(name, text, `a list of ${current.length} values, with commas`);
    return parts.map((part, i) => parseLike(current[i] as BtfValue, part.trim(), name));
  }
  throw usage(name, text, 'set with the library: it is a struct');
}

function wholeNumber(text: string, name: string): bigint {
  const [, sign, digits] = WHOLE_NUMBER.exec(text) ?? [];
  if (digits === undefined) throw usage(name, text, 'a whole number');
  return sign === '-' ? -BigInt(digits) : BigInt(digits);
}

function parseBytes(text: string, size: number, name: string): Uint8Array {
  const digits = HEX_WITH_COLONS.test(text) ? text.replaceAll(':', '') : /^0x([0-9a-f]+)$/i.exec(text)?.[1];
  const given = digits === undefined || digits.length !== 2 * size ? Buffer.from(text) : Buffer.from(digits, 'hex');
  if (given.length > size) throw usage(name, text, `at most ${size} bytes: 0x…, 02:00:…, or text`);
  const bytes = new Uint8Array(size);
  bytes.set(given);
  return bytes;
}

function usage(name: string, text: string, wanted: string): XdpError {
  return new XdpError('XDP_ERR_USAGE', `${name}=${text}: it has to be ${wanted}`);
}

/** A map's elements, or a variable's value, at one moment. */
export interface Dump {
  readonly name: string;
  /** Of a map. */
  readonly elements?: readonly { readonly key: BtfValue; readonly value: BtfValue }[];
  /** Of a variable. */
  readonly value?: BtfValue;
}

/** Kinds that hand out what is in them only once, or not at all. */
const NOT_LISTED = new Set(['queue', 'stack', 'ringBuffer', 'xskmap']);

/** @throws XDP_ERR_USAGE when the object has no such map or variable, or a map can't be listed */
export function checkDumps(object: BpfObject, names: readonly string[]): void {
  for (const name of names) {
    const map = object.maps.get(name);
    if (map === undefined ? object.variables.has(name) : !NOT_LISTED.has(map.kind)) continue;
    const why = map === undefined ? 'there is no such map or variable' : `a ${map.kind} map can't be listed`;
    throw new XdpError('XDP_ERR_USAGE', `--dump ${name}: ${why}`, {
      advice: `what there is: ${[...object.maps.keys(), ...object.variables.keys()].join(', ')}`,
    });
  }
}

export function dump(object: LoadedObject, name: string): Dump {
  const variable = object.maps.has(name) ? undefined : object.variables.get(name);
  if (variable !== undefined) return { name, value: variable.get() };
  return { name, elements: [...object.typedMap(name)].map(([key, value]) => ({ key, value })) };
}

export function dumpLines({ name, elements, value }: Dump): string[] {
  if (elements === undefined) return [`${name} = ${format(value ?? '')}`];
  const count = elements.length === 1 ? '1 element' : `${elements.length} elements`;
  return [`${name}: ${count}`, ...elements.map((element) => `  ${format(element.key)}: ${format(element.value)}`)];
}

function format(value: BtfValue | string): string {
  if (value instanceof Uint8Array) return value.length === 0 ? '-' : Buffer.from(value).toString('hex');
  if (Array.isArray(value)) return `[${value.map(format).join(', ')}]`;
  if (typeof value !== 'object') return String(value);
  const fields = Object.entries(value).map(([field, part]) => `${field} ${format(part as BtfValue)}`);
  return `{${fields.join(', ')}}`;
}

/** For JSON: bytes as hexadecimal digits, numbers that JavaScript has no exact number for as text. */
export function plain(value: unknown): unknown {
  if (typeof value === 'bigint') return Number.isSafeInteger(Number(value)) ? Number(value) : String(value);
  if (value instanceof Uint8Array) return Buffer.from(value).toString('hex');
  if (Array.isArray(value)) return value.map(plain);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([field, part]) => [field, plain(part)]));
}
