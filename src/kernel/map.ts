import { readFileSync } from 'node:fs';
import { Errno, OwnedFd } from '../sys/index.js';
import {
  BPF_MAP_CREATE,
  BPF_MAP_DELETE_ELEM,
  BPF_MAP_GET_NEXT_KEY,
  BPF_MAP_LOOKUP_ELEM,
  BPF_MAP_UPDATE_ELEM,
  BpfAttributes,
  bpfError,
} from './bpf.js';

/** Kinds of maps, by the kernel's numbers (enum bpf_map_type). */
export const MapKind = { hash: 1, array: 2, percpuArray: 6, xskmap: 17 } as const;
export type MapKind = keyof typeof MapKind;

export interface MapOptions {
  readonly kind: MapKind;
  /** Shown by bpftool; the first 15 characters count. */
  readonly name: string;
  /** Bytes; 4 for every kind of array. */
  readonly keySize: number;
  readonly valueSize: number;
  readonly maxEntries: number;
}

/** What to do when the key is there already, or is not: BPF_ANY, BPF_NOEXIST, BPF_EXIST. */
const UPDATE_FLAGS = { any: 0n, create: 1n, replace: 2n } as const;

/** A BPF map, with keys and values as bytes in host order. Needs CAP_BPF. */
export class BpfMap implements Disposable {
  readonly kind: MapKind;
  readonly name: string;
  readonly keySize: number;
  readonly valueSize: number;
  readonly maxEntries: number;
  readonly #handle: OwnedFd;

  /** @throws XDP_ERR_PERMISSION without CAP_BPF (and CAP_NET_ADMIN for an XSKMAP) */
  constructor(options: MapOptions) {
    const { kind, name, keySize, valueSize, maxEntries } = options;
    this.kind = kind;
    this.name = name;
    this.keySize = keySize;
    this.valueSize = valueSize;
    this.maxEntries = maxEntries;
    const attributes = new BpfAttributes()
      .u32(0, MapKind[kind])
      .u32(4, keySize)
      .u32(8, valueSize)
      .u32(12, maxEntries)
      .name(28, name);
    const fd = attributes.call(BPF_MAP_CREATE);
    if (fd < 0) throw bpfError(`making the ${kind} map ${name}`, fd);
    this.#handle = new OwnedFd(fd, `${kind} map ${name}`);
  }

  get fd(): number {
    return this.#handle.fd;
  }

  /** Bytes that a lookup returns: per-CPU kinds have one value, padded to 8 bytes, for each possible CPU. */
  get lookupSize(): number {
    return this.kind === 'percpuArray' ? Math.ceil(this.valueSize / 8) * 8 * possibleCpus() : this.valueSize;
  }

  /** @returns undefined when there is no such key */
  lookup(key: Uint8Array): Uint8Array | undefined {
    const value = new Uint8Array(this.lookupSize);
    const result = this.#element(key).pointer(16, value).call(BPF_MAP_LOOKUP_ELEM);
    if (result === -Errno.ENOENT) return undefined;
    if (result < 0) throw bpfError(`looking into map ${this.name}`, result);
    return value;
  }

  update(key: Uint8Array, value: Uint8Array, when: keyof typeof UPDATE_FLAGS = 'any'): void {
    if (value.length !== this.lookupSize) {
      throw new RangeError(`a value of map ${this.name} has ${this.lookupSize} bytes, not ${value.length}`);
    }
    const attributes = this.#element(key).pointer(16, value).u64(24, UPDATE_FLAGS[when]);
    const result = attributes.call(BPF_MAP_UPDATE_ELEM);
    if (result < 0) throw bpfError(`writing into map ${this.name}`, result);
  }

  /** @returns whether there was such a key */
  delete(key: Uint8Array): boolean {
    const result = this.#element(key).call(BPF_MAP_DELETE_ELEM);
    if (result === -Errno.ENOENT) return false;
    if (result < 0) throw bpfError(`deleting from map ${this.name}`, result);
    return true;
  }

  /** All keys. A hash map that changes meanwhile may show a key twice or leave one out. */
  *keys(): Generator<Uint8Array> {
    let key: Uint8Array | undefined;
    for (;;) {
      const next = new Uint8Array(this.keySize);
      const attributes = new BpfAttributes().u32(0, this.fd).pointer(16, next);
      if (key !== undefined) attributes.pointer(8, key);
      const result = attributes.call(BPF_MAP_GET_NEXT_KEY);
      if (result === -Errno.ENOENT) return;
      if (result < 0) throw bpfError(`listing map ${this.name}`, result);
      key = next;
      yield next;
    }
  }

  /** Idempotent. Programs that use the map keep it alive. */
  close(): void {
    this.#handle.close();
  }

  [Symbol.dispose](): void {
    this.close();
  }

  #element(key: Uint8Array): BpfAttributes {
    if (key.length !== this.keySize) {
      throw new RangeError(`a key of map ${this.name} has ${this.keySize} bytes, not ${key.length}`);
    }
    return new BpfAttributes().u32(0, this.fd).pointer(8, key);
  }
}

let cpus: number | undefined;

/** How many CPUs the kernel could ever have: what sizes the values of per-CPU maps. */
export function possibleCpus(): number {
  if (cpus === undefined) {
    // "0-3" or "0,2-5": the last number is the highest.
    const list = readFileSync('/sys/devices/system/cpu/possible', 'ascii').trim();
    cpus = Number(/\d+$/.exec(list)?.[0] ?? 0) + 1;
  }
  return cpus;
}

/** A u32 as map bytes. */
export function u32(value: number): Uint8Array {
  return new Uint8Array(new Uint32Array([value]).buffer);
}

/** An XSKMAP: queue (or any index) to AF_XDP socket. It can't be read back, so it remembers what was set. */
export class XskMap extends BpfMap {
  readonly #sockets: Map<number, number> = new Map();

  constructor(name: string, maxEntries: number) {
    super({ kind: 'xskmap', name, keySize: 4, valueSize: 4, maxEntries });
  }

  /** @param fd the socket's descriptor */
  set(index: number, fd: number): void {
    this.update(u32(index), u32(fd));
    this.#sockets.set(index, fd);
  }

  unset(index: number): void {
    this.delete(u32(index));
    this.#sockets.delete(index);
  }

  /** What this object set and did not take out again. The kernel itself takes a socket out when it is closed. */
  entries(): IterableIterator<[index: number, fd: number]> {
    return this.#sockets.entries();
  }
}
