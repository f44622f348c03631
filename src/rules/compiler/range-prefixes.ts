import type { Prefix, Range } from '../model/index.js';

const known = new WeakMap<readonly Range[], readonly Prefix[]>();

/** The fewest prefixes that have the same numbers of 32 bits as the ranges. For the same ranges always the same array. */
export function rangePrefixes(ranges: readonly Range[]): readonly Prefix[] {
  const before = known.get(ranges);
  if (before !== undefined) return before;
  const prefixes = ranges.flatMap(prefixesOf);
  known.set(ranges, prefixes);
  return prefixes;
}

function prefixesOf({ from, to }: Range): Prefix[] {
  const prefixes: Prefix[] = [];
  for (let at = from; at <= to; ) {
    let free = 0;
    while (free < 32 && at % 2 ** (free + 1) === 0 && at + 2 ** (free + 1) - 1 <= to) free++;
    const address = new Uint8Array(4);
    new DataView(address.buffer).setUint32(0, at);
    prefixes.push({ address, length: 32 - free });
    at += 2 ** free;
  }
  return prefixes;
}
