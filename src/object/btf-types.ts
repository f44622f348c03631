import { BtfKind, type BtfLayout, btfLayout, TYPE_SIZE, walkTypes } from './btf-format.js';
import type { ByteReader } from './byte-reader.js';
import { objectError } from './object-error.js';

/** As far as typedefs, qualifiers and arrays of arrays are followed: damaged data may go round in circles. */
const DEEPEST = 32;

/** Kinds that are another type under another name, or with a qualifier. */
const TRANSPARENT: ReadonlySet<number> = new Set([
  BtfKind.typedef,
  BtfKind.volatile,
  BtfKind.const,
  BtfKind.restrict,
  BtfKind.typeTag,
]);

/** A type as it stands in BTF: `struct btf_type`, and where what belongs to it begins. */
export interface BtfType {
  readonly id: number;
  readonly name: string;
  readonly kind: number;
  /** How many members, parameters or variables follow; of a function its linkage. */
  readonly vlen: number;
  /** Of structs: members may be bit fields. Of enums: signed. */
  readonly kindFlag: boolean;
  /** Bytes, of kinds that have a size; of others the type referred to. */
  readonly sizeOrType: number;
  /** Where it begins in the section. */
  readonly at: number;
}

/** Void: the type with the number 0, which stands nowhere. */
const VOID: BtfType = { id: 0, name: 'void', kind: 0, vlen: 0, kindFlag: false, sizeOrType: 0, at: 0 };

export interface BtfMember {
  readonly name: string;
  readonly type: number;
  /** Bits from the beginning of the struct. */
  readonly bitOffset: number;
  /** Bits of a bit field, otherwise 0. */
  readonly bits: number;
}

export interface BtfSectionVariable {
  readonly type: number;
  readonly offset: number;
  readonly size: number;
}

/** The types that an object file tells of (its section `.BTF`). */
export class BtfTypes {
  readonly layout: BtfLayout;
  readonly all: readonly BtfType[];
  readonly #names: ByteReader;

  /** @throws XDP_ERR_OBJECT */
  constructor(bytes: Uint8Array) {
    this.layout = btfLayout(bytes);
    const { reader, strings } = this.layout;
    this.#names = reader.part(strings.start, strings.end - strings.start, 'the names in the BTF');
    const all: BtfType[] = [VOID];
    walkTypes(this.layout, (id, at, kind, vlen) => {
      const kindFlag = reader.u32(at + 4) >>> 31 === 1;
      all.push({ id, at, kind, vlen, kindFlag, name: this.text(reader.u32(at)), sizeOrType: reader.u32(at + 8) });
      return undefined;
    });
    this.all = all;
  }

  get(id: number): BtfType {
    const type = this.all[id];
    if (type === undefined) throw objectError(`the BTF refers to type ${id}, which is not there`);
    return type;
  }

  /** What a type is beneath its typedefs and qualifiers. */
  resolve(id: number): BtfType {
    let type = this.get(id);
    for (let depth = 0; TRANSPARENT.has(type.kind); depth++) {
      if (depth === DEEPEST) throw objectError(`type ${id} of the BTF is defined by itself`);
      type = this.get(type.sizeOrType);
    }
    return type;
  }

  /** Bytes that a value takes. */
  sizeOf(id: number): number {
    let count = 1;
    for (let at = id, depth = 0; depth < DEEPEST; depth++) {
      const type = this.resolve(at);
      switch (type.kind) {
        case BtfKind.pointer:
          return count * 8;
        case BtfKind.array:
          count *= this.array(type).length;
          at = this.array(type).type;
          break;
        case BtfKind.int:
        case BtfKind.struct:
        case BtfKind.union:
        case BtfKind.enum:
        case BtfKind.enum64:
        case BtfKind.float:
          return count * type.sizeOrType;
        default:
          throw objectError(`type ${id} of the BTF has no size`);
      }
    }
    throw objectError(`type ${id} of the BTF is defined by itself`);
  }

  array({ at }: BtfType): { readonly type: number; readonly length: number } {
    const { reader } = this.layout;
    return { type: reader.u32(at + TYPE_SIZE), length: reader.u32(at + TYPE_SIZE + 8) };
  }

  /** Of an int: the value is signed, or a bool; some bits of it may not count. */
  integer({ at, sizeOrType: size }: BtfType): { readonly signed: boolean; readonly bool: boolean; whole: boolean } {
    const encoding = this.layout.reader.u32(at + TYPE_SIZE);
    const flags = (encoding >>> 24) & 15;
    const whole = (encoding & 0xff) === size * 8 && ((encoding >>> 16) & 0xff) === 0;
    return { signed: (flags & 1) !== 0, bool: (flags & 4) !== 0, whole };
  }

  /** Whether an enum has negative values. Before clang 16 only the values themselves tell. */
  isSignedEnum({ at, vlen, kind, kindFlag }: BtfType): boolean {
    if (kindFlag || kind === BtfKind.enum64) return kindFlag;
    const { reader } = this.layout;
    return Array.from({ length: vlen }, (_, i) => reader.s32(at + TYPE_SIZE + i * 8 + 4)).some((value) => value < 0);
  }

  members({ at, vlen, kindFlag }: BtfType): BtfMember[] {
    const { reader } = this.layout;
    return Array.from({ length: vlen }, (_, i) => {
      const member = at + TYPE_SIZE + i * 12;
      const offset = reader.u32(member + 8);
      return {
        name: this.text(reader.u32(member)),
        type: reader.u32(member + 4),
        bitOffset: kindFlag ? offset & 0xff_ffff : offset,
        bits: kindFlag ? offset >>> 24 : 0,
      };
    });
  }

  /** Of a data section: what is in it. */
  variables({ at, vlen }: BtfType): BtfSectionVariable[] {
    const { reader } = this.layout;
    return Array.from({ length: vlen }, (_, i) => {
      const variable = at + TYPE_SIZE + i * 12;
      return { type: reader.u32(variable), offset: reader.u32(variable + 4), size: reader.u32(variable + 8) };
    });
  }

  /** Of a variable: 0 static, 1 global, 2 defined elsewhere. */
  linkage({ at }: BtfType): number {
    return this.layout.reader.u32(at + TYPE_SIZE);
  }

  /** The data section with this name. */
  dataSection(name: string): BtfType | undefined {
    return this.all.find((type) => type.kind === BtfKind.dataSection && type.name === name);
  }

  /** A name, by its offset among the names. */
  text(offset: number): string {
    return this.#names.text(offset);
  }
}
