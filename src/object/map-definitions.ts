import { MapKind } from '../kernel/index.js';
import { BtfKind } from './btf-format.js';
import type { BtfMember, BtfType, BtfTypes } from './btf-types.js';
import type { ElfFile, Relocation, Section } from './elf.js';
import { objectError, refuseTwins } from './object-error.js';

/** R_BPF_64_ABS64: what a static initialiser of `values` leaves to be filled in. */
const R_BPF_64_ABS64 = 2;
/** LIBBPF_PIN_BY_NAME */
const PIN_BY_NAME = 1;
/** Bytes of a pointer, which each element of `values` is. */
const POINTER = 8;

/** A map as an object file defines it. Sizes that it does not give are 0. */
export interface MapDefinition {
  readonly name: string;
  readonly kind: MapKind;
  /** Bytes. */
  readonly keySize: number;
  /** Bytes; of one CPU's value in per-CPU kinds. */
  readonly valueSize: number;
  readonly maxEntries: number;
  /** See `MapFlag`. */
  readonly flags: number;
  /** Numbers of the types of key and value in the file's BTF; 0 when only their sizes are given. */
  readonly keyType: number;
  readonly valueType: number;
  /** It is to be pinned under its name, and shared with whoever has it pinned already (LIBBPF_PIN_BY_NAME). */
  readonly pinned: boolean;
  /** Of a map of maps: what stands in it. */
  readonly inner?: MapDefinition | undefined;
  /** What stands in it from the start: the names of maps in a map of maps, of programs in a program array. */
  readonly entries: readonly { readonly index: number; readonly name: string }[];
}

/** A map, and where the file's code refers to it. */
export interface PlacedMap {
  readonly definition: MapDefinition;
  /** Offset in the section `.maps`. */
  readonly offset: number;
}

/**
 * The maps of the section `.maps`, which are structs of pointers whose types say everything: see `__uint`, `__type` and
 * `__array` in libbpf's bpf_helpers.h.
 *
 * @throws XDP_ERR_OBJECT
 */
export function readMaps(elf: ElfFile, types: BtfTypes | undefined): PlacedMap[] {
  if (elf.section('maps') !== undefined) {
    throw objectError(
      'the file has maps in a section "maps" (struct bpf_map_def), as before libbpf 1.0',
      'define them in SEC(".maps") with __uint and __type',
    );
  }
  const section = elf.section('.maps');
  if (section === undefined) return [];
  const dataSection = types?.dataSection('.maps');
  if (types === undefined || dataSection === undefined) {
    throw objectError('the file has maps, but no BTF that tells of them', 'compile with -g');
  }
  const maps = types.variables(dataSection).map((variable) => {
    const { name, sizeOrType } = types.get(variable.type);
    const offset = offsetOf(name, variable.offset, elf, section);
    const struct = types.resolve(sizeOrType);
    const relocations = elf
      .relocationsOf(section)
      .filter((relocation) => relocation.offset >= offset && relocation.offset < offset + variable.size);
    return { definition: defineMap(types, name, struct, offset, relocations), offset };
  });
  refuseTwins(
    'map',
    maps.map(({ definition }) => definition.name),
  );
  return maps;
}

/** BTF has only the offsets of static variables; those of global ones stand in the table of symbols. */
function offsetOf(name: string, offset: number, elf: ElfFile, section: Section): number {
  const symbol = elf.symbols.find((candidate) => candidate.name === name && candidate.section === section.index);
  return symbol?.value ?? offset;
}

function defineMap(
  types: BtfTypes,
  name: string,
  struct: BtfType,
  offset: number,
  relocations: readonly Relocation[],
): MapDefinition {
  if (struct.kind !== BtfKind.struct) throw objectError(`map ${name} is not defined by a struct`);
  const sizes = { keySize: 0, valueSize: 0, keyType: 0, valueType: 0 };
  const numbers: Record<string, number> = {};
  let inner: MapDefinition | undefined;
  let entries: MapDefinition['entries'] = [];
  for (const member of types.members(struct)) {
    const target = types.resolve(member.type);
    switch (member.name) {
      case 'key':
        sizes.keyType = pointedTo(types, name, member);
        sizes.keySize = types.sizeOf(sizes.keyType);
        break;
      case 'value':
        sizes.valueType = pointedTo(types, name, member);
        sizes.valueSize = types.sizeOf(sizes.valueType);
        break;
      case 'key_size':
        sizes.keySize = number(types, name, member);
        break;
      case 'value_size':
        sizes.valueSize = number(types, name, member);
        break;
      case 'values':
        sizes.valueSize = 4;
        inner = innerDefinition(types, name, target);
        entries = readEntries(name, offset + member.bitOffset / 8, relocations);
        break;
      default:
        numbers[member.name] = number(types, name, member);
    }
  }
  const { type = 0, max_entries: maxEntries = 0, map_flags: flags = 0, pinning = 0, ...rest } = numbers;
  const [unknown] = Object.entries(rest).find(([, value]) => value !== 0) ?? [];
  if (unknown !== undefined) throw objectError(`map ${name} has a field ${unknown}, which xdpkit does not know`);
  if (pinning > PIN_BY_NAME) throw objectError(`map ${name} is to be pinned in an unknown way (${pinning})`);
  const kind = kindOf(name, type);
  return { name, kind, ...sizes, maxEntries, flags, pinned: pinning === PIN_BY_NAME, inner, entries };
}

function kindOf(name: string, type: number): MapKind {
  const [kind] = Object.entries(MapKind).find(([, known]) => known === type) ?? [];
  if (kind !== undefined) return kind as MapKind;
  throw objectError(`map ${name} is of a kind that xdpkit does not have (enum bpf_map_type ${type})`);
}

/** `__uint(name, value)` is `int (*name)[value]`: the number is the length of an array. */
function number(types: BtfTypes, map: string, member: BtfMember): number {
  const array = types.resolve(pointedTo(types, map, member));
  if (array.kind !== BtfKind.array) throw objectError(`map ${map}: ${member.name} is no number as __uint makes it`);
  return types.array(array).length;
}

function pointedTo(types: BtfTypes, map: string, member: BtfMember): number {
  const pointer = types.resolve(member.type);
  if (pointer.kind !== BtfKind.pointer) throw objectError(`map ${map}: ${member.name} is no pointer`);
  return pointer.sizeOrType;
}

/** `__array(values, T)` is `T *values[]`. @returns undefined for functions, which a program array has */
function innerDefinition(types: BtfTypes, map: string, array: BtfType): MapDefinition | undefined {
  const wrong = () => objectError(`map ${map}: values are neither maps nor programs`);
  if (array.kind !== BtfKind.array) throw wrong();
  const pointer = types.resolve(types.array(array).type);
  if (pointer.kind !== BtfKind.pointer) throw wrong();
  const target = types.resolve(pointer.sizeOrType);
  if (target.kind === BtfKind.functionType) return undefined;
  if (target.kind !== BtfKind.struct) throw wrong();
  if (types.members(target).some(({ name }) => name === 'values')) {
    throw objectError(`map ${map}: maps of maps of maps are not possible`);
  }
  return defineMap(types, `${map}.inner`, target, 0, []);
}

function readEntries(map: string, start: number, relocations: readonly Relocation[]): MapDefinition['entries'] {
  return relocations.map(({ offset, type, symbol }) => {
    const index = (offset - start) / POINTER;
    if (type !== R_BPF_64_ABS64 || !Number.isInteger(index) || index < 0) {
      throw objectError(`map ${map} has a damaged initialiser at ${offset}`);
    }
    return { index, name: symbol.name };
  });
}
