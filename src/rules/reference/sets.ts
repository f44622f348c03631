import {
  hexBytes,
  type Numbers,
  type OneOrMore,
  type Prefix,
  parsePrefix,
  type Range,
  toList,
  toRanges,
} from '../model/index.js';

/** Lists are looked through from one end to the other, but their texts are read only once. */
function once<K extends object, V>(read: (key: K) => V): (key: K) => V {
  const known = new WeakMap<K, V>();
  return (key) => {
    const value = known.get(key) ?? read(key);
    known.set(key, value);
    return value;
  };
}

const ranges = once((list: readonly (number | string)[]): readonly Range[] => toRanges(list));
const prefixes = once((list: readonly string[]): readonly Prefix[] => list.map((text) => parsePrefix(text)!));

/** Whether one of the numbers is this one. */
export function includes(numbers: Numbers, value: number): boolean {
  const set = typeof numbers === 'object' ? ranges(numbers) : toRanges(numbers);
  return set.some(({ from, to }) => from <= value && value <= to);
}

/** Whether the address, of 4 or 16 bytes, begins with one of the prefixes. */
export function hasPrefix(prefix: OneOrMore<string>, address: Uint8Array): boolean {
  const list = typeof prefix === 'string' ? [parsePrefix(prefix)!] : prefixes(toList(prefix));
  return list.some((one) => one.address.length === address.length && beginsWith(address, one));
}

function beginsWith(address: Uint8Array, prefix: Prefix): boolean {
  for (let bit = 0; bit < prefix.length; bit++) {
    const mask = 0x80 >> (bit & 7);
    if ((address[bit >> 3]! & mask) !== (prefix.address[bit >> 3]! & mask)) return false;
  }
  return true;
}

export function isEqual(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((byte, i) => byte === b[i]);
}

/** Whether the bytes, under the mask, are the value. All have the same length. */
export function isMasked(bytes: Uint8Array, mask: Uint8Array, value: Uint8Array): boolean {
  return bytes.length === value.length && bytes.every((byte, i) => (byte & mask[i]!) === value[i]);
}

/** Whether the bytes `cid` stand in the connection ID at an offset. */
export function hasBytesAt(id: Uint8Array, offset: number, cid: string): boolean {
  return isEqual(id.subarray(offset, offset + cid.length / 2), hexBytes(cid));
}
