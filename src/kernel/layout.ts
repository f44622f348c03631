import { perCpuStride, possibleCpus } from './possible-cpus.js';

/** How a value stands in memory. `In` may differ from `Out`: some maps are written as descriptors and read as ids. */
export interface Codec<Out, In = Out> {
  /** Bytes. */
  readonly size: number;
  /** Its offset in a struct is a multiple of this. */
  readonly alignment: number;
  read(view: DataView, offset: number): Out;
  write(view: DataView, offset: number, value: In): void;
}

/** Numbers of a layout by their names. */
export type Scalars = Record<'u8' | 'u16' | 'u32' | 's8' | 's16' | 's32' | 'be16' | 'be32', Codec<number>> &
  Record<'u64' | 's64', Codec<bigint, bigint | number>>;

/** Numbers in host order (all of xdpkit's hosts are little-endian), or in network order. */
const SCALARS: Scalars = {
  u8: scalar(1, 'Uint8'),
  u16: scalar(2, 'Uint16'),
  u32: scalar(4, 'Uint32'),
  s8: scalar(1, 'Int8'),
  s16: scalar(2, 'Int16'),
  s32: scalar(4, 'Int32'),
  be16: scalar(2, 'Uint16', false),
  be32: scalar(4, 'Uint32', false),
  u64: scalar64('BigUint64'),
  s64: scalar64('BigInt64'),
};

function scalar(
  size: number,
  type: 'Uint8' | 'Uint16' | 'Uint32' | 'Int8' | 'Int16' | 'Int32',
  little = true,
): Codec<number> {
  return {
    size,
    alignment: size,
    read: (view, offset) => view[`get${type}`](offset, little),
    write: (view, offset, value) => view[`set${type}`](offset, value, little),
  };
}

function scalar64(type: 'BigUint64' | 'BigInt64'): Codec<bigint, bigint | number> {
  return {
    size: 8,
    alignment: 8,
    read: (view, offset) => view[`get${type}`](offset, true),
    write: (view, offset, value) => view[`set${type}`](offset, BigInt(value), true),
  };
}

/**
 * A type as in C: the name of a number type, a codec, or a struct of such, with its fields in order. Fields are aligned,
 * and a struct is filled up at its end, as a C compiler does it: the bytes between are zero.
 *
 * ```ts
 * { address: 'be32', port: 'be16', packets: 'u64' } // 16 bytes
 * ```
 */
export type Layout = keyof Scalars | Codec<unknown, never> | { readonly [field: string]: Layout };

/** What is read from memory of this layout: a bigint for 64 bits, a number for less. */
export type ValueOf<L> = L extends keyof Scalars
  ? ValueOf<Scalars[L]>
  : L extends Codec<infer Out, never>
    ? Out
    : { readonly [F in keyof L]: ValueOf<L[F]> };

/** What may be written there. */
export type WrittenValueOf<L> = L extends keyof Scalars
  ? WrittenValueOf<Scalars[L]>
  : L extends Codec<unknown, infer In>
    ? In
    : { readonly [F in keyof L]: WrittenValueOf<L[F]> };

export function codecOf<L extends Layout>(layout: L): Codec<ValueOf<L>, WrittenValueOf<L>> {
  return toCodec(layout) as unknown as Codec<ValueOf<L>, WrittenValueOf<L>>;
}

function toCodec(layout: Layout): Codec<unknown, never> {
  if (typeof layout === 'string') return SCALARS[layout];
  return isCodec(layout) ? layout : struct(Object.entries(layout));
}

function isCodec(layout: object): layout is Codec<unknown, never> {
  return 'read' in layout && typeof layout.read === 'function';
}

function struct(entries: readonly [string, Layout][]): Codec<Record<string, unknown>> {
  let end = 0;
  let alignment = 1;
  const fields = entries.map(([name, layout]) => {
    const codec = toCodec(layout) as Codec<unknown>;
    const offset = alignUp(end, codec.alignment);
    end = offset + codec.size;
    alignment = Math.max(alignment, codec.alignment);
    return { name, codec, offset };
  });
  return {
    size: alignUp(end, alignment),
    alignment,
    read: (view, at) =>
      Object.fromEntries(fields.map(({ name, codec, offset }) => [name, codec.read(view, at + offset)])),
    write(view, at, value) {
      for (const { name, codec, offset } of fields) codec.write(view, at + offset, value[name]);
    },
  };
}

const alignUp = (offset: number, alignment: number): number => Math.ceil(offset / alignment) * alignment;

/** A given number of bytes: an address, a name. Read as a copy. */
export function bytes(size: number): Codec<Uint8Array> {
  return {
    size,
    alignment: 1,
    read: (view, offset) => new Uint8Array(view.buffer, view.byteOffset + offset, size).slice(),
    write(view, offset, value) {
      if (value.length !== size) throw new RangeError(`${size} bytes are wanted here, not ${value.length}`);
      new Uint8Array(view.buffer, view.byteOffset + offset, size).set(value);
    },
  };
}

/** The values of an element in a per-CPU map, one for each possible CPU. */
export function perCpu<L extends Layout>(layout: L): Codec<ValueOf<L>[], readonly WrittenValueOf<L>[]> {
  const codec = codecOf(layout);
  const stride = perCpuStride(codec.size);
  const count = possibleCpus();
  return {
    size: stride * count,
    alignment: 8,
    read: (view, offset) => Array.from({ length: count }, (_, cpu) => codec.read(view, offset + cpu * stride)),
    write(view, offset, values) {
      if (values.length !== count)
        throw new RangeError(`a value for each of ${count} CPUs is wanted, not ${values.length}`);
      for (const [cpu, value] of values.entries()) codec.write(view, offset + cpu * stride, value);
    },
  };
}
