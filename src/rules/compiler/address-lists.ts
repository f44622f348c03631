import { parseMac } from '../../wire/index.js';
import { type MacMatch, type Prefix, type PrefixMatch, parsePrefix, toList } from '../model/index.js';
import { bytesAre } from './fields.js';
import { or, testOf, within } from './formula.js';
import type { Formula } from './formula-node.js';
import { address } from './header-fields.js';
import { bytesKnown, type ClassSet, IPV4, IPV6 } from './packet-classes.js';

/** How many addresses are compared one after the other; more of them go into a map. */
const FEW = { mac: 4, 4: 4, 6: 2 } as const;

interface PrefixLists {
  readonly 4: readonly Prefix[];
  readonly 6: readonly Prefix[];
}

const macLists = new WeakMap<MacMatch, readonly Uint8Array[]>();
const prefixLists = new WeakMap<PrefixMatch, PrefixLists>();

export function macsAre(classes: ClassSet, match: MacMatch): Formula {
  const macs = remembered(macLists, match, () => toList(match.mac).map(parseMac));
  const offset = match.type === 'src-mac' ? 6 : 0;
  if (macs.length <= FEW.mac) return or(macs.map((mac) => bytesAre(classes, 'frame', offset, mac)));
  return testOf({ kind: 'macs', base: 'frame', offset, macs, known: bytesKnown(classes, 'frame') >= offset + 6 });
}

export function lowerPrefixes(match: PrefixMatch, classes: ClassSet): Formula {
  const lists = remembered(prefixLists, match, () => byVersion(toList(match.prefix).map((text) => parsePrefix(text)!)));
  const side = match.type === 'src-prefix' ? 'src' : 'dst';
  return or([
    within(classes, IPV4, (c) => prefixesAre(c, 4, address(4, side), lists[4])),
    within(classes, IPV6, (c) => prefixesAre(c, 6, address(6, side), lists[6])),
  ]);
}

function prefixesAre(classes: ClassSet, version: 4 | 6, offset: number, prefixes: readonly Prefix[]): Formula {
  if (prefixes.some(({ length }) => length === 0)) return true;
  if (prefixes.length <= FEW[version]) {
    return or(prefixes.map((prefix) => bytesAre(classes, 'network', offset, prefix.address, maskOf(prefix))));
  }
  const known = bytesKnown(classes, 'network') >= offset + (version === 4 ? 4 : 16);
  return testOf({ kind: 'prefixes', base: 'network', offset, prefixes, known });
}

function maskOf({ address: bytes, length }: Prefix): Uint8Array {
  return bytes.map((_, i) => (0xff00 >> Math.min(Math.max(length - 8 * i, 0), 8)) & 0xff);
}

function byVersion(prefixes: readonly Prefix[]): PrefixLists {
  return {
    4: prefixes.filter(({ address: bytes }) => bytes.length === 4),
    6: prefixes.filter(({ address: bytes }) => bytes.length === 16),
  };
}

function remembered<Match extends object, List>(lists: WeakMap<Match, List>, match: Match, make: () => List): List {
  const before = lists.get(match);
  if (before !== undefined) return before;
  const list = make();
  lists.set(match, list);
  return list;
}
