import { Errno } from '../../sys/index.js';
import { checkSizes, type InterpreterEntry, type InterpreterMap, keyText, UpdateFlag } from './map.js';

export interface InterpreterHashOptions {
  /** Bytes. */
  readonly keySize: number;
  readonly valueSize: number;
  readonly maxEntries: number;
  /** Values that each key has, one for each CPU: a per-CPU hash. Default 1. */
  readonly cpus?: number;
  /**
   * Makes room for a new key by letting the least recently used one go: an LRU hash. The kernel's knows only roughly which
   * that is. Default false: a full map refuses new keys.
   */
  readonly lru?: boolean;
}

interface Element {
  readonly key: Uint8Array;
  values: Uint8Array[];
}

/** A hash (BPF_MAP_TYPE_HASH), in all its forms, in memory. */
export class InterpreterHash implements InterpreterMap {
  readonly keySize: number;
  readonly valueSize: number;
  readonly maxEntries: number;
  readonly #cpus: number;
  readonly #lru: boolean;
  /** In an LRU hash the least recently used one comes first. */
  readonly #elements = new Map<number | string, Element>();
  /**
   * Memory of values that were deleted or replaced, the last one at the end. The kernel takes memory for new values in the
   * same order, and a program may still hold a pointer to an old one (kernel/bpf/hashtab.c, extra_elems and the freelist).
   */
  readonly #free: Uint8Array[][] = [];
  #spare: Uint8Array[];

  constructor(options: InterpreterHashOptions) {
    this.keySize = options.keySize;
    this.valueSize = options.valueSize;
    this.maxEntries = options.maxEntries;
    this.#cpus = options.cpus ?? 1;
    this.#lru = options.lru ?? false;
    this.#spare = this.#memory();
  }

  lookup(key: Uint8Array, cpu = 0): Uint8Array | undefined {
    const name = keyText(key);
    const element = this.#elements.get(name);
    if (element === undefined) return undefined;
    if (this.#lru) this.#touch(name, element);
    return element.values[this.#column(cpu)];
  }

  update(key: Uint8Array, value: Uint8Array, flags: number = UpdateFlag.any, cpu = 0): number {
    checkSizes(this, key, value);
    if (flags > UpdateFlag.replace) return -Errno.EINVAL;
    const name = keyText(key);
    const element = this.#elements.get(name);
    if (element === undefined) return this.#insert(name, key, value, flags, cpu);
    if (flags === UpdateFlag.create) return -Errno.EEXIST;
    if (this.#cpus === 1) {
      const old = element.values;
      element.values = this.#spare;
      this.#spare = old;
    }
    element.values[this.#column(cpu)]?.set(value);
    if (this.#lru) this.#touch(name, element);
    return 0;
  }

  delete(key: Uint8Array): number {
    const name = keyText(key);
    const element = this.#elements.get(name);
    if (element === undefined) return -Errno.ENOENT;
    this.#elements.delete(name);
    this.#free.push(element.values);
    return 0;
  }

  *entries(): Generator<InterpreterEntry> {
    yield* this.#elements.values();
  }

  #insert(name: number | string, key: Uint8Array, value: Uint8Array, flags: number, cpu: number): number {
    if (flags === UpdateFlag.replace) return -Errno.ENOENT;
    if (this.#elements.size >= this.maxEntries) {
      if (!this.#lru) return -Errno.E2BIG;
      for (const { key: oldest } of this.#elements.values()) {
        this.delete(oldest);
        break;
      }
    }
    const values = this.#free.pop() ?? this.#memory();
    // pcpu_init_value: the other CPUs see zeros, not what an earlier key left there.
    if (this.#cpus > 1) for (const other of values) other.fill(0);
    values[this.#column(cpu)]?.set(value);
    this.#elements.set(name, { key: key.slice(), values });
    return 0;
  }

  #touch(name: number | string, element: Element): void {
    this.#elements.delete(name);
    this.#elements.set(name, element);
  }

  #column(cpu: number): number {
    return this.#cpus === 1 ? 0 : cpu;
  }

  #memory(): Uint8Array[] {
    return Array.from({ length: this.#cpus }, () => new Uint8Array(this.valueSize));
  }
}
