import { Errno } from '../../sys/index.js';
import { checkSizes, type InterpreterEntry, type InterpreterMap, indexKey, indexOf, UpdateFlag } from './map.js';

export interface InterpreterArrayOptions {
  readonly valueSize: number;
  readonly maxEntries: number;
  /** Values that each index has, one for each CPU: a per-CPU array. Default 1: an array. */
  readonly cpus?: number;
}

/** An array (BPF_MAP_TYPE_ARRAY), or per-CPU array, in memory. Every value is there from the beginning, and zero. */
export class InterpreterArray implements InterpreterMap {
  readonly keySize = 4;
  readonly valueSize: number;
  readonly maxEntries: number;
  readonly #cpus: number;
  /** Made when first looked at. */
  readonly #values: (Uint8Array | undefined)[] = [];

  constructor(options: InterpreterArrayOptions) {
    this.valueSize = options.valueSize;
    this.maxEntries = options.maxEntries;
    this.#cpus = options.cpus ?? 1;
  }

  lookup(key: Uint8Array, cpu = 0): Uint8Array | undefined {
    const index = indexOf(key);
    return index < this.maxEntries ? this.#value(index, cpu) : undefined;
  }

  /** kernel/bpf/arraymap.c, array_map_update_elem: the value is overwritten where it is. */
  update(key: Uint8Array, value: Uint8Array, flags: number = UpdateFlag.any, cpu = 0): number {
    checkSizes(this, key, value);
    if (flags > UpdateFlag.replace) return -Errno.EINVAL;
    const index = indexOf(key);
    if (index >= this.maxEntries) return -Errno.E2BIG;
    if (flags === UpdateFlag.create) return -Errno.EEXIST;
    this.#value(index, cpu)?.set(value);
    return 0;
  }

  delete(_key: Uint8Array): number {
    return -Errno.EINVAL;
  }

  *entries(): Generator<InterpreterEntry> {
    for (let index = 0; index < this.maxEntries; index++) {
      yield {
        key: indexKey(index),
        values: Array.from({ length: this.#cpus }, (_, cpu) => this.#value(index, cpu)!),
      };
    }
  }

  /** @returns undefined for a CPU that there is not */
  #value(index: number, cpu: number): Uint8Array | undefined {
    const column = this.#cpus === 1 ? 0 : cpu;
    if (column >= this.#cpus) return undefined;
    const at = index * this.#cpus + column;
    const known = this.#values[at];
    if (known !== undefined) return known;
    const value = new Uint8Array(this.valueSize);
    this.#values[at] = value;
    return value;
  }
}
