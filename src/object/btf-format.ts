import { ByteReader } from './byte-reader.js';
import { objectError } from './object-error.js';

/** Documentation/bpf/btf.rst, include/uapi/linux/btf.h */
const MAGIC = 0xeb9f;
/** Bytes of `struct btf_type`: u32 name, u32 info, u32 size or type. */
export const TYPE_SIZE = 12;
export const BtfKind = {
  int: 1,
  pointer: 2,
  array: 3,
  struct: 4,
  union: 5,
  enum: 6,
  forward: 7,
  typedef: 8,
  volatile: 9,
  const: 10,
  restrict: 11,
  function: 12,
  functionType: 13,
  variable: 14,
  dataSection: 15,
  float: 16,
  declarationTag: 17,
  typeTag: 18,
  enum64: 19,
} as const;

/** Bytes behind the common twelve: always, and for each of `vlen`. Other kinds have none. */
const EXTRA: Readonly<Record<number, readonly [always: number, each: number]>> = {
  [BtfKind.int]: [4, 0],
  [BtfKind.array]: [12, 0],
  [BtfKind.struct]: [0, 12],
  [BtfKind.union]: [0, 12],
  [BtfKind.enum]: [0, 8],
  [BtfKind.functionType]: [0, 8],
  [BtfKind.variable]: [4, 0],
  [BtfKind.dataSection]: [0, 12],
  [BtfKind.declarationTag]: [4, 0],
  [BtfKind.enum64]: [0, 12],
};
const NO_EXTRA = [0, 0] as const;

/** Where types and names are in a section `.BTF`. */
export interface BtfLayout {
  readonly reader: ByteReader;
  readonly types: { readonly start: number; readonly end: number };
  readonly strings: { readonly start: number; readonly end: number };
}

/** @throws XDP_ERR_OBJECT */
export function btfLayout(bytes: Uint8Array): BtfLayout {
  const reader = new ByteReader(bytes, 'the BTF');
  if (reader.u16(0) !== MAGIC) throw objectError('the BTF does not begin as BTF does');
  const headerLength = reader.u32(4);
  const region = (field: number) => {
    const start = headerLength + reader.u32(field);
    const end = start + reader.u32(field + 4);
    if (end > bytes.length) throw objectError('the BTF ends too early');
    return { start, end };
  };
  return { reader, types: region(8), strings: region(16) };
}

/**
 * Calls `visit` for each type, with its number, where it begins, its kind and its `vlen`: quick enough for the 100,000 types
 * of a kernel.
 *
 * @param visit ends the walk by returning true
 */
export function walkTypes(
  { reader, types }: BtfLayout,
  visit: (id: number, at: number, kind: number, vlen: number) => boolean | undefined,
): void {
  let at = types.start;
  for (let id = 1; at < types.end; id++) {
    const info = reader.u32(at + 4);
    const kind = (info >>> 24) & 31;
    if (kind === 0 || kind > BtfKind.enum64) throw objectError(`the BTF has types of an unknown kind (${kind})`);
    const vlen = info & 0xffff;
    const [always, each] = EXTRA[kind] ?? NO_EXTRA;
    const next = at + TYPE_SIZE + always + each * vlen;
    if (next > types.end) throw objectError('the BTF ends in the middle of a type');
    if (visit(id, at, kind, vlen)) return;
    at = next;
  }
}
