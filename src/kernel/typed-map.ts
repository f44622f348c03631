import { type Codec, codecOf, type Layout, type ValueOf, type WrittenValueOf } from './layout.js';
import type { MapBatch } from './map-batch.js';

/** What to do when the key is there already, or is not: always write, only if it isn't there, only if it is. */
export type UpdateCondition = 'any' | 'create' | 'replace';

/** A map of bytes: what {@link TypedMap} stands on. */
interface RawMap {
  readonly name: string;
  readonly keySize: number;
  readonly lookupSize: number;
  lookup(key: Uint8Array): Uint8Array | undefined;
  update(key: Uint8Array, value: Uint8Array, when?: UpdateCondition): void;
  delete(key: Uint8Array): boolean;
  take(key: Uint8Array): Uint8Array | undefined;
  keys(): Iterable<Uint8Array>;
  batches(options?: { readonly take?: boolean }): Iterable<MapBatch>;
  updateBatch(keys: Uint8Array, values: Uint8Array): void;
  deleteBatch(keys: Uint8Array): number;
}

/**
 * A BPF map with keys and values of types: the interface of a JavaScript `Map`, as far as the kernel has it. Made by
 * `BpfMap.typed`; owns nothing.
 *
 * ```ts
 * const ports = map.typed('u16', { packets: 'u64', bytes: 'u64' });
 * ports.set(443, { packets: 0, bytes: 0 });
 * for (const [port, { packets }] of ports) console.log(port, packets);
 * ```
 */
export class TypedMap<K extends Layout, V extends Layout> implements Iterable<[ValueOf<K>, ValueOf<V>]> {
  readonly #map: RawMap;
  readonly #key: Codec<ValueOf<K>, WrittenValueOf<K>>;
  readonly #value: Codec<ValueOf<V>, WrittenValueOf<V>>;

  /**
   * @internal
   * @throws RangeError when a layout is not as large as the map's keys or values
   */
  constructor(map: RawMap, key: K, value: V) {
    this.#map = map;
    this.#key = codecOf(key);
    this.#value = codecOf(value);
    if (this.#key.size !== map.keySize) {
      throw new RangeError(`keys of map ${map.name} have ${map.keySize} bytes, not ${this.#key.size}`);
    }
    if (this.#value.size !== map.lookupSize) {
      throw new RangeError(`elements of map ${map.name} have ${map.lookupSize} bytes, not ${this.#value.size}`);
    }
  }

  /** @returns undefined when there is no such key */
  get(key: WrittenValueOf<K>): ValueOf<V> | undefined {
    return this.#read(this.#map.lookup(encode(this.#key, key)));
  }

  has(key: WrittenValueOf<K>): boolean {
    return this.#map.lookup(encode(this.#key, key)) !== undefined;
  }

  /** @throws XDP_ERR_SYSTEM with `errnoName` EEXIST or ENOENT where `when` is not met, E2BIG when there is no room */
  set(key: WrittenValueOf<K>, value: WrittenValueOf<V>, when: UpdateCondition = 'any'): void {
    this.#map.update(encode(this.#key, key), encode(this.#value, value), when);
  }

  /** @returns whether there was such a key */
  delete(key: WrittenValueOf<K>): boolean {
    return this.#map.delete(encode(this.#key, key));
  }

  /** Reads an element and deletes it, at once. Hash kinds; Linux 5.14. */
  take(key: WrittenValueOf<K>): ValueOf<V> | undefined {
    return this.#read(this.#map.take(encode(this.#key, key)));
  }

  *keys(): Generator<ValueOf<K>> {
    for (const key of this.#map.keys()) yield this.#key.read(viewOf(key), 0);
  }

  *entries(): Generator<[ValueOf<K>, ValueOf<V>]> {
    for (const { count, keys, values } of this.#map.batches()) {
      const keyView = viewOf(keys);
      const valueView = viewOf(values);
      for (let i = 0; i < count; i++) {
        yield [this.#key.read(keyView, i * this.#key.size), this.#value.read(valueView, i * this.#value.size)];
      }
    }
  }

  [Symbol.iterator](): Generator<[ValueOf<K>, ValueOf<V>]> {
    return this.entries();
  }

  /** Writes many elements in one call, where the kernel has it for the kind. When one fails, those before are written. */
  setAll(entries: Iterable<readonly [WrittenValueOf<K>, WrittenValueOf<V>]>): void {
    const list = [...entries];
    const keys = encodeAll(
      this.#key,
      list.map(([key]) => key),
    );
    const values = encodeAll(
      this.#value,
      list.map(([, value]) => value),
    );
    this.#map.updateBatch(keys, values);
  }

  /** Deletes many elements in one call, where the kernel has it. @returns how many there were */
  deleteAll(keys: Iterable<WrittenValueOf<K>>): number {
    return this.#map.deleteBatch(encodeAll(this.#key, [...keys]));
  }

  #read(value: Uint8Array | undefined): ValueOf<V> | undefined {
    return value && this.#value.read(viewOf(value), 0);
  }
}

const viewOf = (bytes: Uint8Array): DataView => new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);

const encode = <In>(codec: Codec<unknown, In>, value: In): Uint8Array => encodeAll(codec, [value]);

function encodeAll<In>(codec: Codec<unknown, In>, values: readonly In[]): Uint8Array {
  const bytes = new Uint8Array(codec.size * values.length);
  const view = viewOf(bytes);
  for (const [i, value] of values.entries()) codec.write(view, i * codec.size, value);
  return bytes;
}
