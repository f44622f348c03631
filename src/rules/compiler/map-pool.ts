import type { Prefix, Range } from '../model/index.js';
import type { CompiledMap, CompiledMapKind } from './compiled-rules.js';

/** The kernel takes array values up to the size of the largest kmalloc, 4 MiB; half of that is easier to come by. */
const BITMAP_MAP_BYTES = 4 << 20;

interface Entries {
  readonly keySize: number;
  readonly valueSize: number;
  /** By their bytes, so that what is in two lists is there once. */
  readonly elements: Map<string, Uint8Array>;
}

/** Where a bitmap is. */
export interface BitmapPlace {
  readonly map: string;
  /** Bytes in the map's only value. */
  readonly offset: number;
}

/** A list in a map that has several: its elements begin with the number. */
export interface ListPlace {
  readonly map: string;
  readonly list: number;
}

/** The maps of a program. A program may name 64 at most, so that sets share them. */
export class MapPool {
  readonly #plain: CompiledMap[] = [];
  readonly #bitmaps: { bytes: Uint8Array[]; size: number }[] = [];
  readonly #bitmapPlaces = new Map<string, BitmapPlace>();
  readonly #lists = new Map<string, Entries>();
  readonly #listPlaces = new Map<object, ListPlace>();

  /** A map without contents. */
  add(
    kind: CompiledMapKind,
    name: string,
    shape: { readonly keySize?: number; readonly valueSize?: number; readonly maxEntries: number },
  ): string {
    if (!this.#plain.some((map) => map.name === name)) {
      this.#plain.push({ kind, name, keySize: 4, valueSize: 4, flags: 0, ...shape });
    }
    return name;
  }

  /** A bit for each number from 0 to before 2 ** bits: bit n % 64 of u64 n / 64. */
  bitmap(ranges: readonly Range[], bits: number): BitmapPlace {
    const key = `${bits}:${ranges.map(({ from, to }) => `${from}-${to}`).join()}`;
    const before = this.#bitmapPlaces.get(key);
    if (before !== undefined) return before;
    const bytes = new Uint8Array(Math.max(8, 2 ** bits / 8));
    for (const { from, to } of ranges) for (let n = from; n <= to; n++) bytes[n >> 3]! |= 1 << (n & 7);
    let last = this.#bitmaps.at(-1);
    if (last === undefined || last.size + bytes.length > BITMAP_MAP_BYTES) {
      last = { bytes: [], size: 0 };
      this.#bitmaps.push(last);
    }
    const place = { map: bitmapName(this.#bitmaps.length - 1), offset: last.size };
    last.bytes.push(bytes);
    last.size += bytes.length;
    this.#bitmapPlaces.set(key, place);
    return place;
  }

  /** Bytes of a map of bitmaps, so far. */
  bitmapBytes(map: string): number {
    return this.#bitmaps.find((_, i) => map === bitmapName(i))!.size;
  }

  /** A map of one value that is filled. */
  addFilled(name: string, values: Uint8Array): void {
    const contents = { count: 1, keys: new Uint8Array(4), values };
    this.#plain.push({ kind: 'array', name, keySize: 4, valueSize: values.length, maxEntries: 1, flags: 0, contents });
  }

  /** A list of prefixes of one IP version in the LPM trie of that version. Keys: length, list number, address. */
  prefixes(prefixes: readonly Prefix[]): ListPlace {
    const before = this.#listPlaces.get(prefixes);
    if (before !== undefined) return before;
    const size = prefixes[0]!.address.length;
    const { place, entries } = this.#list(prefixes, size === 4 ? 'prefixes4' : 'prefixes6', 8 + size, 4);
    for (const { address, length } of prefixes) {
      const key = new Uint8Array(8 + size);
      const view = new DataView(key.buffer);
      view.setUint32(0, 32 + length, true);
      view.setUint32(4, place.list, true);
      key.set(address, 8);
      put(entries, key);
    }
    return place;
  }

  /** A list of MAC addresses. Keys: address, list number of 16 bits. */
  macs(macs: readonly Uint8Array[]): ListPlace {
    const before = this.#listPlaces.get(macs);
    if (before !== undefined) return before;
    const { place, entries } = this.#list(macs, 'macs', 8, 4);
    for (const mac of macs) {
      const key = new Uint8Array(8);
      key.set(mac);
      new DataView(key.buffer).setUint16(6, place.list, true);
      put(entries, key);
    }
    return place;
  }

  /** All maps, in the order they came up. */
  finish(): CompiledMap[] {
    const maps = [...this.#plain];
    for (const [i, { bytes, size }] of this.#bitmaps.entries()) {
      const values = new Uint8Array(size);
      let at = 0;
      for (const bitmap of bytes) {
        values.set(bitmap, at);
        at += bitmap.length;
      }
      const contents = { count: 1, keys: new Uint8Array(4), values };
      maps.push({
        kind: 'array',
        name: bitmapName(i),
        keySize: 4,
        valueSize: size,
        maxEntries: 1,
        flags: 0,
        contents,
      });
    }
    for (const [name, { keySize, valueSize, elements }] of this.#lists) {
      const count = elements.size;
      const keys = new Uint8Array(count * keySize);
      let at = 0;
      for (const key of elements.values()) {
        keys.set(key, at);
        at += keySize;
      }
      const values = new Uint8Array(count * valueSize);
      const kind = name === 'macs' ? 'hash' : 'lpmTrie';
      maps.push({ kind, name, keySize, valueSize, maxEntries: count, flags: 0, contents: { count, keys, values } });
    }
    return maps;
  }

  #list(list: object, map: string, keySize: number, valueSize: number): { place: ListPlace; entries: Entries } {
    let entries = this.#lists.get(map);
    if (entries === undefined) {
      entries = { keySize, valueSize, elements: new Map() };
      this.#lists.set(map, entries);
    }
    const place = { map, list: this.#listPlaces.size };
    this.#listPlaces.set(list, place);
    return { place, entries };
  }
}

function bitmapName(index: number): string {
  return `bitmaps${index + 1}`;
}

function put({ elements }: Entries, key: Uint8Array): void {
  elements.set(Buffer.from(key).toString('latin1'), key);
}
