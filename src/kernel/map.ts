import { calls, Errno, Mapping, OwnedFd, XdpError } from '../sys/index.js';
import {
  BPF_MAP_DELETE_ELEM,
  BPF_MAP_FREEZE,
  BPF_MAP_GET_NEXT_KEY,
  BPF_MAP_LOOKUP_AND_DELETE_ELEM,
  BPF_MAP_LOOKUP_ELEM,
  BPF_MAP_UPDATE_ELEM,
  BpfAttributes,
} from './bpf.js';
import type { Layout } from './layout.js';
import { deleteBatch, type MapBatch, readBatches, updateBatch } from './map-batch.js';
import { createMap, type MapOptions, shapeOf } from './map-create.js';
import { mapError } from './map-error.js';
import { type MapInfo, readMapInfo } from './map-info.js';
import { type MapKind, traitsOf } from './map-kind.js';
import { openById, openPinOf, pinObject } from './object.js';
import { perCpuStride, possibleCpus } from './possible-cpus.js';
import { TypedMap, type UpdateCondition } from './typed-map.js';

const UPDATE_FLAGS: Readonly<Record<UpdateCondition, number>> = { any: 0, create: 1, replace: 2 };

/** Words of `union bpf_attr` for one element. */
const Element = { fd: 0, key: 2, value: 4, flags: 6, words: 8 } as const;

/**
 * A BPF map, with keys and values as bytes: {@link typed} gives them types. Needs CAP_BPF; device, CPU and XSK maps
 * need CAP_NET_ADMIN, too.
 */
export class BpfMap implements Disposable {
  readonly kind: MapKind;
  readonly name: string;
  /** Bytes; 0 for queues, stacks and ring buffers. */
  readonly keySize: number;
  /** Bytes of one value: those of one CPU in per-CPU kinds. */
  readonly valueSize: number;
  /** Bytes of what a lookup returns: in per-CPU kinds a value, padded to 8 bytes, for each possible CPU. */
  readonly lookupSize: number;
  readonly maxEntries: number;
  readonly #handle: OwnedFd;
  readonly #element: Uint32Array = new Uint32Array(Element.words);
  /** What the kernel reads and writes: a key, the key that follows it, and a value. */
  readonly #scratch: Uint8Array;
  readonly #valueAt: number;
  readonly #address: number;

  /**
   * Makes a map, or takes one over that is open.
   *
   * @throws XDP_ERR_PERMISSION, RangeError where the kind needs a size
   */
  constructor(options: MapOptions | OwnedFd) {
    const [handle, shape] = options instanceof OwnedFd ? [options, shapeOf(options)] : createMap(options);
    this.#handle = handle;
    this.kind = shape.kind;
    this.name = shape.name;
    this.keySize = shape.keySize;
    this.valueSize = shape.valueSize;
    this.maxEntries = shape.maxEntries;
    this.lookupSize = traitsOf(this.kind).perCpu ? perCpuStride(this.valueSize) * possibleCpus() : this.valueSize;
    this.#valueAt = 2 * this.keySize;
    this.#scratch = new Uint8Array(this.#valueAt + this.lookupSize);
    this.#address = calls.addressOf(this.#scratch);
  }

  /** The map with this id, undefined when there is none. Needs CAP_SYS_ADMIN. */
  static openId(id: number): BpfMap | undefined {
    const handle = openById('map', id);
    return handle && new BpfMap(handle);
  }

  /** @throws XDP_ERR_USAGE when the pin is no map, XDP_ERR_SYSTEM with `errnoName` ENOENT when there is none */
  static openPinned(path: string): BpfMap {
    return new BpfMap(openPinOf('map', path));
  }

  get fd(): number {
    return this.#handle.fd;
  }

  get info(): MapInfo {
    return readMapInfo(this.fd);
  }

  /** Sees keys and values as what they are. @throws RangeError when a layout has another size */
  typed<K extends Layout, V extends Layout>(key: K, value: V): TypedMap<K, V> {
    return new TypedMap(this, key, value);
  }

  /** @returns undefined when there is no such key (in an LPM trie: no prefix of it) */
  lookup(key: Uint8Array): Uint8Array | undefined {
    const result = this.#call(BPF_MAP_LOOKUP_ELEM, key, this.#valueAt);
    if (result === -Errno.ENOENT) return undefined;
    if (result < 0) throw mapError('looking into', this, result);
    return this.#value();
  }

  /**
   * @throws RangeError when key or value have another size than the map's; XDP_ERR_SYSTEM with `errnoName` EEXIST or
   *   ENOENT where `when` is not met, E2BIG (LPM trie: ENOSPC) when there is no room or no such index
   */
  update(key: Uint8Array, value: Uint8Array, when: UpdateCondition = 'any'): void {
    if (value.length !== this.lookupSize) {
      throw new RangeError(`a value of map ${this.name} has ${this.lookupSize} bytes, not ${value.length}`);
    }
    this.#scratch.set(value, this.#valueAt);
    const result = this.#call(BPF_MAP_UPDATE_ELEM, key, this.#valueAt, UPDATE_FLAGS[when]);
    if (result < 0) throw mapError('writing into', this, result);
  }

  /** @returns whether there was such a key; in device, CPU and XSK maps by index: whether there could be */
  delete(key: Uint8Array): boolean {
    const result = this.#call(BPF_MAP_DELETE_ELEM, key, undefined);
    if (result === -Errno.ENOENT) return false;
    if (result < 0) throw mapError('deleting from', this, result);
    return true;
  }

  /** Reads an element and deletes it, at once. Hash kinds (Linux 5.14), queue and stack. */
  take(key: Uint8Array): Uint8Array | undefined {
    const result = this.#call(BPF_MAP_LOOKUP_AND_DELETE_ELEM, key, this.#valueAt);
    if (result === -Errno.ENOENT) return undefined;
    if (result < 0) throw mapError('taking from', this, result);
    return this.#value();
  }

  /** All keys. A hash map that changes meanwhile may show a key twice or leave one out. */
  *keys(): Generator<Uint8Array> {
    let key: Uint8Array | undefined;
    // A bound, because a map whose last key is deleted in time, again and again, would begin anew without end.
    for (let i = 0; i < this.maxEntries; i++) {
      const result = this.#call(BPF_MAP_GET_NEXT_KEY, key, this.keySize);
      if (result === -Errno.ENOENT) return;
      if (result < 0) throw mapError('listing', this, result);
      key = this.#scratch.slice(this.keySize, 2 * this.keySize);
      yield key;
    }
  }

  /**
   * All elements, some thousand in one call where the kernel has that for the kind (hash and array kinds, LPM tries, maps
   * of maps). An element of a hash map that stays while others come and go is shown once.
   *
   * @param options with `take` elements are deleted as they are read (hash kinds)
   */
  batches(options: { readonly take?: boolean } = {}): Generator<MapBatch> {
    return readBatches(this, options.take ?? false);
  }

  /** All elements, see {@link batches}. */
  *elements(): Generator<[key: Uint8Array, value: Uint8Array]> {
    for (const { count, keys, values } of this.batches()) {
      for (let i = 0; i < count; i++) {
        yield [
          keys.slice(i * this.keySize, (i + 1) * this.keySize),
          values.slice(i * this.lookupSize, (i + 1) * this.lookupSize),
        ];
      }
    }
  }

  /** Writes many elements; keys and values stand side by side. When one fails, those before it are written. */
  updateBatch(keys: Uint8Array, values: Uint8Array): void {
    updateBatch(this, keys, values);
  }

  /** Deletes many elements. @returns how many there were */
  deleteBatch(keys: Uint8Array): number {
    return deleteBatch(this, keys);
  }

  /** Ends writing from outside of programs, for good: the verifier may then take the contents for constants. Linux 5.2. */
  freeze(): void {
    const result = new BpfAttributes().u32(0, this.fd).call(BPF_MAP_FREEZE);
    // Of a map that is frozen Linux 6.1 says EBUSY, later kernels say EPERM (map_freeze() in kernel/bpf/syscall.c).
    if (result < 0) throw mapError('freezing', this, result, result === -Errno.EBUSY && this.info.frozen);
  }

  /**
   * The values of an array made with {@link MapFlag.mappable}, in the memory where programs see them. Each begins at a
   * multiple of 8 bytes. Reading and writing takes no system call, and is atomic only through `Atomics`. Linux 5.5.
   *
   * @throws XDP_ERR_PERMISSION when the map is frozen
   */
  memory(): Mapping {
    try {
      return Mapping.ofFd(this.fd, perCpuStride(this.valueSize) * this.maxEntries, 0);
    } catch (cause) {
      if (!(cause instanceof XdpError && cause.errno === Errno.EPERM)) throw cause;
      throw mapError('mapping', this, -Errno.EPERM);
    }
  }

  /** Gives the map a name in a bpffs, which keeps it alive: see {@link PinDirectory}. */
  pin(path: string): void {
    pinObject(this.fd, path);
  }

  /** Idempotent. Programs that use the map, and pins, keep it alive. */
  close(): void {
    this.#handle.close();
  }

  [Symbol.dispose](): void {
    this.close();
  }

  /**
   * The one place that tells the kernel where to read and write.
   *
   * @param key none: before the first
   * @param to where in the scratch memory the value, or the next key, stands
   */
  #call(command: number, key: Uint8Array | undefined, to: number | undefined, flags = 0): number {
    if (key !== undefined && key.length !== this.keySize) {
      throw new RangeError(`a key of map ${this.name} has ${this.keySize} bytes, not ${key.length}`);
    }
    if (key !== undefined) this.#scratch.set(key);
    this.#element[Element.fd] = this.fd;
    // Maps without keys (queues) want no pointer to one either.
    this.#point(Element.key, key === undefined || this.keySize === 0 ? 0 : this.#address);
    // What a command does not use has to be zero.
    this.#point(Element.value, to === undefined ? 0 : this.#address + to);
    this.#element[Element.flags] = flags;
    return calls.bpf(command, this.#element);
  }

  #point(word: number, address: number): void {
    this.#element[word] = address % 2 ** 32;
    this.#element[word + 1] = Math.floor(address / 2 ** 32);
  }

  #value(): Uint8Array {
    return this.#scratch.slice(this.#valueAt);
  }
}

/** A u32 as map bytes. */
export function u32(value: number): Uint8Array {
  return new Uint8Array(new Uint32Array([value]).buffer);
}
