import { bytes, type Codec, codecOf, type Layout } from '../kernel/index.js';
import { XdpError } from '../sys/index.js';
import { BtfKind } from './btf-format.js';
import type { BtfType, BtfTypes } from './btf-types.js';

/**
 * A value of a C type. Integers and enums of up to 32 bits are numbers, larger ones and pointers bigints; arrays of one-byte
 * integers are bytes, other arrays are lists; structs are objects. Unions, structs with bit fields or members without a
 * name, and floating-point numbers are bytes.
 */
export type BtfValue =
  | number
  | bigint
  | boolean
  | Uint8Array
  | readonly BtfValue[]
  | { readonly [field: string]: BtfValue };

/** Structs and arrays within each other that are followed: damaged BTF may go on without end. */
const DEEPEST = 32;
/** Types that consist of more values than this stay bytes: damaged BTF can describe any number of them. */
const MOST_VALUES = 100_000;

interface Counted {
  readonly codec: Codec<BtfValue>;
  /** How many values it reads. */
  readonly values: number;
}

/** Makes codecs for the types of an object file. */
export class BtfCodecs {
  readonly #types: BtfTypes;
  readonly #known: Map<number, Counted | undefined> = new Map();

  constructor(types: BtfTypes) {
    this.#types = types;
  }

  /** @param size bytes that a value takes; a type that says otherwise is left aside, as is type 0 */
  of(type: number, size: number): Codec<BtfValue> {
    const codec = type === 0 ? undefined : this.#codec(type, 0)?.codec;
    return codec?.size === size ? codec : plainBytes(size);
  }

  /** @returns undefined for what is bytes */
  #codec(id: number, depth: number): Counted | undefined {
    const type = this.#types.resolve(id);
    if (this.#known.has(type.id)) return this.#known.get(type.id);
    const made = depth > DEEPEST ? undefined : this.#make(type, depth + 1);
    const counted = made && made.values <= MOST_VALUES ? made : undefined;
    this.#known.set(type.id, counted);
    return counted;
  }

  #make(type: BtfType, depth: number): Counted | undefined {
    const { kind, sizeOrType: size } = type;
    if (kind === BtfKind.pointer) return integer(8, false);
    if (kind === BtfKind.enum || kind === BtfKind.enum64) return integer(size, this.#types.isSignedEnum(type));
    if (kind === BtfKind.int) {
      const { signed, bool, whole } = this.#types.integer(type);
      if (!whole) return undefined;
      return bool && size === 1 ? { codec: boolean, values: 1 } : integer(size, signed);
    }
    if (kind === BtfKind.array) return this.#array(type, depth);
    return kind === BtfKind.struct ? this.#struct(type, depth) : undefined;
  }

  #array(type: BtfType, depth: number): Counted | undefined {
    const { type: elementType, length } = this.#types.array(type);
    const { kind, sizeOrType } = this.#types.resolve(elementType);
    if (kind === BtfKind.int && sizeOrType === 1) return undefined;
    const element = this.#part(elementType, depth);
    return { codec: list(element.codec, length), values: element.values * length };
  }

  /** What a struct or an array consists of. */
  #part(type: number, depth: number): Counted {
    return this.#codec(type, depth) ?? { codec: plainBytes(this.#types.sizeOf(type)), values: 1 };
  }

  #struct(type: BtfType, depth: number): Counted | undefined {
    let values = 1;
    const fields: Field[] = [];
    for (const { name, type: member, bitOffset, bits } of this.#types.members(type)) {
      const offset = bitOffset / 8;
      if (name === '' || bits !== 0 || !Number.isInteger(offset)) return undefined;
      const part = this.#part(member, depth);
      if (offset + part.codec.size > type.sizeOrType) return undefined;
      values += part.values;
      fields.push({ name, offset, codec: part.codec });
    }
    return { codec: struct(fields, type.sizeOrType), values };
  }
}

/** For what no type is known of. */
export function plainBytes(size: number): Codec<BtfValue> {
  const codec = bytes(size);
  return {
    ...codec,
    write(view, offset, value) {
      if (!(value instanceof Uint8Array) || value.length !== size) {
        throw new XdpError('XDP_ERR_USAGE', `${show(value)} is no Uint8Array of ${size} bytes`);
      }
      codec.write(view, offset, value);
    },
  };
}

const LAYOUTS: Readonly<Record<number, readonly [unsigned: Layout, signed: Layout]>> = {
  1: ['u8', 's8'],
  2: ['u16', 's16'],
  4: ['u32', 's32'],
  8: ['u64', 's64'],
};

/** @returns undefined for a size that JavaScript has no numbers for */
function integer(size: number, signed: boolean): Counted | undefined {
  const layout = LAYOUTS[size]?.[signed ? 1 : 0];
  if (layout === undefined) return undefined;
  const codec = codecOf(layout) as Codec<number | bigint>;
  const span = 1n << BigInt(size * 8 - (signed ? 1 : 0));
  const [low, high] = [signed ? -span : 0n, span - 1n];
  return {
    values: 1,
    codec: {
      size,
      alignment: size,
      read: (view, offset) => codec.read(view, offset),
      write(view, offset, value) {
        const isWhole = typeof value === 'bigint' || (typeof value === 'number' && Number.isInteger(value));
        if (!isWhole || BigInt(value) < low || BigInt(value) > high) {
          throw new XdpError('XDP_ERR_USAGE', `${show(value)} is no whole number from ${low} to ${high}`);
        }
        codec.write(view, offset, size === 8 ? BigInt(value) : Number(value));
      },
    },
  };
}

const boolean: Codec<BtfValue> = {
  size: 1,
  alignment: 1,
  read: (view, offset) => view.getUint8(offset) !== 0,
  write(view, offset, value) {
    if (typeof value !== 'boolean') throw new XdpError('XDP_ERR_USAGE', `${show(value)} is neither true nor false`);
    view.setUint8(offset, value ? 1 : 0);
  },
};

function list(element: Codec<BtfValue>, length: number): Codec<BtfValue> {
  return {
    size: element.size * length,
    alignment: element.alignment,
    read: (view, offset) => Array.from({ length }, (_, i) => element.read(view, offset + i * element.size)),
    write(view, offset, value) {
      if (!Array.isArray(value) || value.length !== length) {
        throw new XdpError('XDP_ERR_USAGE', `${show(value)} is no list of ${length} values`);
      }
      for (const [i, one] of value.entries()) element.write(view, offset + i * element.size, one as BtfValue);
    },
  };
}

interface Field {
  readonly name: string;
  readonly offset: number;
  readonly codec: Codec<BtfValue>;
}

function struct(fields: readonly Field[], size: number): Codec<BtfValue> {
  return {
    size,
    alignment: 8,
    read: (view, at) =>
      Object.fromEntries(fields.map(({ name, offset, codec }) => [name, codec.read(view, at + offset)])),
    write(view, at, value) {
      const values = new Map(Object.entries(value));
      for (const { name, offset, codec } of fields) {
        const field = values.get(name);
        if (field === undefined) throw new XdpError('XDP_ERR_USAGE', `a value for the field ${name} is missing`);
        codec.write(view, at + offset, field as BtfValue);
      }
    },
  };
}

const show = (value: unknown): string =>
  JSON.stringify(value, (_, part) => (typeof part === 'bigint' ? Number(part) : part));
