import { isIP } from 'node:net';
import { parseIp, parseMac } from '../wire/index.js';
import { numberOf, wholeNumber } from './numbers.js';

/** What can stand in a kind of field, as a big-endian number of `bytes` bytes. */
export interface FieldKind {
  /** With its article, for errors: "a port from 0 to 65535". */
  readonly what: string;
  readonly bytes: number;
  readonly max: bigint;
  /** @returns undefined for what is none of its values */
  parse(text: string): bigint | undefined;
}

/** A number in so many bytes. */
export function numberKind(what: string, bytes: number, max: number): FieldKind {
  return { what: `${what} from 0 to ${max}`, bytes, max: BigInt(max), parse: wholeNumber };
}

/** A field written in a way of its own, of a fixed length. */
function textKind(what: string, bytes: number, isOne: (text: string) => boolean, parse: (text: string) => Uint8Array) {
  const max = (1n << BigInt(bytes * 8)) - 1n;
  return { what, bytes, max, parse: (text: string) => (isOne(text) ? numberOf(parse(text)) : undefined) };
}

export const MAC: FieldKind = textKind(
  'a MAC address',
  6,
  (text) => /^[0-9a-f]{2}(:[0-9a-f]{2}){5}$/i.test(text),
  parseMac,
);
export const IPV4: FieldKind = textKind('an IPv4 address', 4, (text) => isIP(text) === 4, parseIp);
export const IPV6: FieldKind = textKind(
  'an IPv6 address',
  16,
  (text) => isIP(text) === 6 && !text.includes('%'),
  parseIp,
);
export const PORT: FieldKind = numberKind('a port', 2, 0xffff);

/** The kind of connection IDs that are as long as the first one in `text`. */
export function connectionIdKind(text: string): FieldKind | undefined {
  const digits = /^(?:random:)?([0-9a-f]+)/i.exec(text)?.[1];
  if (digits === undefined || digits.length % 2 !== 0 || digits.length > 40) return undefined;
  const bytes = digits.length / 2;
  return textKind(
    `a connection ID of ${bytes} bytes`,
    bytes,
    (other) => other.length === digits.length && /^[0-9a-f]+$/i.test(other),
    (other) => Buffer.from(other, 'hex'),
  );
}
