import type { UpdateCondition } from '../../dist/kernel/index.js';

/** How a call ends: what it gives back, or the name of the error number. */
export type Outcome<T> = { readonly value: T } | { readonly error: string };

export const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');

/** What a kind of map does, in a JavaScript Map of hexadecimal keys and values. */
export interface Model {
  readonly elements: Map<string, string>;
  lookup(key: string): string | undefined;
  update(key: string, value: string, when: UpdateCondition): string | undefined;
  delete(key: string): Outcome<boolean>;
  take(key: string): Outcome<string | undefined>;
}

/** The hash kinds. */
export class HashModel implements Model {
  readonly elements = new Map<string, string>();
  readonly #maxEntries: number;
  readonly #traits: { readonly full: string; readonly takes: boolean; readonly replaceCreates: boolean };

  constructor(maxEntries: number, traits: { full?: string; takes?: boolean; replaceCreates?: boolean } = {}) {
    this.#maxEntries = maxEntries;
    this.#traits = { full: 'E2BIG', takes: true, replaceCreates: false, ...traits };
  }

  lookup(key: string): string | undefined {
    return this.elements.get(key);
  }

  update(key: string, value: string, when: UpdateCondition): string | undefined {
    const known = this.elements.has(key);
    if (known && when === 'create') return 'EEXIST';
    if (!known && when === 'replace' && !this.#traits.replaceCreates) return 'ENOENT';
    if (!known && this.elements.size === this.#maxEntries) return this.#traits.full;
    this.elements.set(key, value);
    return undefined;
  }

  delete(key: string): Outcome<boolean> {
    return { value: this.elements.delete(key) };
  }

  take(key: string): Outcome<string | undefined> {
    if (!this.#traits.takes) return { error: 'errno 524' };
    const value = this.elements.get(key);
    this.elements.delete(key);
    return { value };
  }
}

/** A lookup finds the longest prefix: keys are a u32 of bits, then the address. */
export class TrieModel extends HashModel {
  constructor(maxEntries: number) {
    super(maxEntries, { full: 'ENOSPC', takes: false });
  }

  override lookup(key: string): string | undefined {
    for (let bits = prefixBits(key); bits >= 0; bits--) {
      const found = this.elements.get(prefixKey(Buffer.from(key.slice(8), 'hex'), bits));
      if (found !== undefined) return found;
    }
    return undefined;
  }
}

const prefixBits = (key: string): number => Buffer.from(key, 'hex').readUInt32LE(0);

/** The key of an address's first bits; the others are zero. */
export function prefixKey(address: Uint8Array, bits: number): string {
  const key = Buffer.alloc(4 + address.length);
  key.writeUInt32LE(bits, 0);
  for (let i = 0; i < bits; i++) key[4 + (i >> 3)]! |= address[i >> 3]! & (0x80 >> (i & 7));
  return hex(key);
}

/** Kinds whose keys are numbers from 0 on. */
export class SlotModel implements Model {
  readonly elements = new Map<string, string>();
  readonly #length: number;
  readonly #traits: { readonly deletes: boolean | 'always'; readonly conditions: boolean; readonly beyond: string };

  /**
   * @param traits whether elements can be deleted (`always`: also what is not there); whether updates have conditions (an index counts as one that is
   *   there); what deleting a number beyond the end says
   */
  constructor(
    keys: readonly string[],
    traits: { deletes: boolean | 'always'; conditions: boolean; beyond?: string; preset?: string },
  ) {
    this.#length = keys.length;
    this.#traits = { beyond: 'EINVAL', ...traits };
    if (traits.preset !== undefined) for (const key of keys) this.elements.set(key, traits.preset);
  }

  lookup(key: string): string | undefined {
    return this.elements.get(key);
  }

  update(key: string, value: string, when: UpdateCondition): string | undefined {
    if (!this.#traits.conditions && when !== 'any') return 'EINVAL';
    if (this.#isBeyond(key)) return 'E2BIG';
    if (when === 'create') return 'EEXIST';
    this.elements.set(key, value);
    return undefined;
  }

  delete(key: string): Outcome<boolean> {
    if (!this.#traits.deletes) return { error: 'EINVAL' };
    if (this.#isBeyond(key)) return { error: this.#traits.beyond };
    return { value: this.elements.delete(key) || this.#traits.deletes === 'always' };
  }

  take(): Outcome<string | undefined> {
    return { error: 'errno 524' };
  }

  #isBeyond(key: string): boolean {
    return Buffer.from(key, 'hex').readUInt32LE(0) >= this.#length;
  }
}
