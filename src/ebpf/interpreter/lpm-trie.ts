import { Errno } from '../../sys/index.js';
import { checkSizes, type InterpreterEntry, type InterpreterMap, indexOf, keyText, UpdateFlag } from './map.js';

export interface InterpreterLpmTrieOptions {
  /** Bytes, the four of the prefix length included: 8 for IPv4, 20 for IPv6. */
  readonly keySize: number;
  readonly valueSize: number;
  readonly maxEntries: number;
}

interface Prefix {
  readonly key: Uint8Array;
  readonly values: readonly [Uint8Array];
}

/**
 * A longest-prefix-match trie (BPF_MAP_TYPE_LPM_TRIE) in memory. A key is the length of the prefix in bits, a u32, and the
 * prefix, its first byte first.
 */
export class InterpreterLpmTrie implements InterpreterMap {
  readonly keySize: number;
  readonly valueSize: number;
  readonly maxEntries: number;
  /** One table for each length of prefixes; by the bytes that such a prefix leaves of a key. */
  readonly #tables: (Map<number | string, Prefix> | undefined)[] = [];
  #size = 0;

  constructor(options: InterpreterLpmTrieOptions) {
    this.keySize = options.keySize;
    this.valueSize = options.valueSize;
    this.maxEntries = options.maxEntries;
  }

  /** The value of the longest prefix that the key begins with, and that is not longer than the key says it is itself. */
  lookup(key: Uint8Array): Uint8Array | undefined {
    const length = indexOf(key);
    if (length > this.#longest) return undefined;
    for (let bits = Math.min(length, this.#tables.length - 1); bits >= 0; bits--) {
      const prefix = this.#tables[bits]?.get(masked(key, bits));
      if (prefix !== undefined) return prefix.values[0];
    }
    return undefined;
  }

  /** kernel/bpf/lpm_trie.c, trie_update_elem: a value that was there is replaced, not overwritten. */
  update(key: Uint8Array, value: Uint8Array, flags: number = UpdateFlag.any): number {
    checkSizes(this, key, value);
    if (flags > UpdateFlag.replace) return -Errno.EINVAL;
    const bits = indexOf(key);
    if (bits > this.#longest) return -Errno.EINVAL;
    this.#tables[bits] ??= new Map();
    const table = this.#tables[bits];
    const name = masked(key, bits);
    if (table.has(name)) {
      if (flags === UpdateFlag.create) return -Errno.EEXIST;
    } else {
      if (flags === UpdateFlag.replace) return -Errno.ENOENT;
      if (this.#size === this.maxEntries) return -Errno.ENOSPC;
      this.#size++;
    }
    table.set(name, { key: key.slice(), values: [value.slice()] });
    return 0;
  }

  delete(key: Uint8Array): number {
    const bits = indexOf(key);
    if (bits > this.#longest) return -Errno.EINVAL;
    if (!this.#tables[bits]?.delete(masked(key, bits))) return -Errno.ENOENT;
    this.#size--;
    return 0;
  }

  *entries(): Generator<InterpreterEntry> {
    for (const table of this.#tables) if (table !== undefined) yield* table.values();
  }

  get #longest(): number {
    return (this.keySize - 4) * 8;
  }
}

/** The first bits of what follows the length. */
function masked(key: Uint8Array, bits: number): number | string {
  const whole = 4 + (bits >> 3);
  const rest = bits & 7;
  const prefix = key.slice(0, rest === 0 ? whole : whole + 1);
  if (rest !== 0) prefix[whole]! &= 0xff << (8 - rest);
  return keyText(prefix, 4);
}
