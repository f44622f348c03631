import { ipv4Text, ipv6Text, macText, parseIp, parseMac } from '../../wire/index.js';
import { parseDecimal } from './decimal.js';
import { INTEGER_KINDS, type IntegerKind, Item, type ItemKind, rangeOf } from './item.js';

/** How a text becomes an item of another kind. */
export interface Conversion {
  readonly kind: Exclude<ItemKind, 'string'>;
  /** The kind as a word's name has it: `ip_t`. */
  readonly type: string;
  /** What the text has to be. */
  readonly describe: string;
  /** @returns undefined for a text that is none */
  readonly convert: (text: string) => Item | undefined;
}

/** All kinds beside strings. */
export const CONVERSIONS: readonly Conversion[] = [
  ...INTEGER_KINDS.map(integer),
  { kind: 'ip', type: 'ip_t', describe: 'an IP address', convert: (text) => ipItem(ipBytes(text)) },
  { kind: 'ip4', type: 'ip4_t', describe: 'an IPv4 address', convert: ip4Item },
  {
    kind: 'ip range',
    type: 'ip_range_t',
    describe: 'a range of IP addresses, such as 10.0.0.1-10.0.0.9 or 10.0.0.0/8',
    convert: ipRangeItem,
  },
  { kind: 'mac', type: 'mac_t', describe: 'an Ethernet address', convert: (text) => macItem(macBytes(text)) },
  {
    kind: 'mac range',
    type: 'mac_range_t',
    describe: 'a range of Ethernet addresses, such as 02:00:00:00:00:00-02:00:00:00:00:ff',
    convert: macRangeItem,
  },
  {
    kind: 'binary',
    type: 'data_t',
    describe: 'hexadecimal digits, two to a byte',
    convert: (text) => (/^([0-9a-f]{2})*$/i.test(text) ? Item.binary(Buffer.from(text, 'hex')) : undefined),
  },
];

/** The six bytes of an Ethernet address, or undefined. */
export function macBytes(text: string): Uint8Array | undefined {
  return known(() => parseMac(text));
}

function integer(kind: IntegerKind): Conversion {
  const [low, high] = rangeOf(kind);
  const convert = (text: string) => {
    const number = parseDecimal(text);
    const fits = number?.places === 0 && number.units >= low && number.units <= high;
    return fits ? Item.integer(kind, number.units) : undefined;
  };
  return { kind, type: `${kind}_t`, describe: `a whole number from ${low} to ${high}`, convert };
}

/** The 16 bytes of an IP address; of IPv4 those of ::ffff:a.b.c.d (RFC 4291, 2.5.5.2). */
function ipBytes(text: string): Uint8Array | undefined {
  const bytes = known(() => parseIp(text));
  return bytes?.length === 4 ? Uint8Array.of(...new Array<number>(10).fill(0), 0xff, 0xff, ...bytes) : bytes;
}

function ipItem(bytes: Uint8Array | undefined): Item | undefined {
  return bytes && Item.address('ip', ipText(bytes), bytes);
}

function ip4Item(text: string): Item | undefined {
  const bytes = known(() => parseIp(text));
  return bytes?.length === 4 ? Item.address('ip4', ipv4Text(bytes), bytes) : undefined;
}

function macItem(bytes: Uint8Array | undefined): Item | undefined {
  return bytes && Item.address('mac', macText(bytes), bytes);
}

function ipRangeItem(text: string): Item | undefined {
  const ends = text.includes('/') ? prefixEnds(text) : text.split('-').map(ipBytes);
  return rangeItem('ip range', ends, ipText);
}

function macRangeItem(text: string): Item | undefined {
  // Within the addresses only colons: a dash stands between them.
  return rangeItem('mac range', text.split('-').map(macBytes), macText);
}

function rangeItem(
  kind: 'ip range' | 'mac range',
  ends: readonly (Uint8Array | undefined)[],
  textOf: (bytes: Uint8Array) => string,
): Item | undefined {
  const [first, last] = ends;
  if (ends.length !== 2 || first === undefined || last === undefined || Buffer.compare(first, last) > 0)
    return undefined;
  return Item.address(kind, `${textOf(first)}-${textOf(last)}`, Uint8Array.of(...first, ...last));
}

/** The first and the last address that begin with a prefix. */
function prefixEnds(text: string): (Uint8Array | undefined)[] {
  const [address = '', length = '', ...rest] = text.split('/');
  const bytes = ipBytes(address);
  const bits = Number(length) + (address.includes(':') ? 0 : 96);
  if (bytes === undefined || rest.length > 0 || !/^\d{1,3}$/.test(length) || bits > 128) return [];
  const mask = bytes.map((_, i) => 0xff & ~(0xff >> Math.min(8, Math.max(0, bits - i * 8))));
  return [bytes.map((byte, i) => byte & mask[i]!), bytes.map((byte, i) => byte | (0xff & ~mask[i]!))];
}

function ipText(bytes: Uint8Array): string {
  const mapped = bytes.subarray(0, 10).every((byte) => byte === 0) && bytes[10] === 0xff && bytes[11] === 0xff;
  return mapped ? `::ffff:${ipv4Text(bytes, 12)}` : ipv6Text(bytes);
}

function known<T>(parse: () => T): T | undefined {
  try {
    return parse();
  } catch {
    return undefined;
  }
}
