import { BtfKind, TYPE_SIZE } from './btf-format.js';
import type { BtfType, BtfTypes } from './btf-types.js';
import { type ElfFile, SymbolType } from './elf.js';

/** Bytes of an entry of a data section: u32 variable, u32 offset, u32 size. */
const ENTRY = 12;
const FUNCTION_STATIC = 0;
const FUNCTION_GLOBAL = 1;
const FUNCTION_EXTERN = 2;
const VARIABLE_GLOBAL = 1;
const VARIABLE_EXTERN = 2;
/** `struct btf_type` and what follows: an int of 32 signed bits, and a global variable. */
const INT = { info: BtfKind.int << 24, size: 4, encoding: 0x0100_0020 };
const VARIABLE_INFO = BtfKind.variable << 24;
const PARAMETER = 8;
const HEADER = 24;

/** Where a variable stands. */
interface Place {
  readonly id: number;
  readonly offset: number;
}

/**
 * BTF as the kernel takes it. A compiler does not know yet how large data sections are and where global variables stand, and
 * the kernel does not know of what is defined elsewhere: that is filled in here, as libbpf does it.
 *
 * @param sections what is known of data sections by name, where it is not the file that says so
 */
export function kernelBtf(
  types: BtfTypes,
  elf: ElfFile,
  sections: ReadonlyMap<string, { readonly size: number; readonly variables: readonly Place[] }>,
): Uint8Array {
  const { reader, types: typeArea, strings } = types.layout;
  const bytes = reader.bytes.slice();
  const view = new DataView(bytes.buffer);
  const stringsSize = strings.end - strings.start;
  // Appended: the type `int`, and a variable of it that stands for whatever is defined elsewhere.
  const names = Buffer.from('int\0defined_elsewhere\0');
  const intId = types.all.length;
  const elsewhere = { id: intId + 1, name: stringsSize + 4 };

  for (const type of types.all) {
    const { at, kind, vlen } = type;
    if (kind === BtfKind.dataSection) {
      const known = sections.get(type.name);
      const section = elf.section(type.name);
      if (type.name === '.ksyms') fillElsewhere(view, type, elsewhere.id);
      else if (known) fillSection(view, type, types, known.size, placesOf(known.variables));
      else if (section) fillSection(view, type, types, section.size, symbolPlaces(types, type, elf, section.index));
    } else if (kind === BtfKind.variable && types.linkage(type) === VARIABLE_EXTERN) {
      view.setUint32(at + TYPE_SIZE, VARIABLE_GLOBAL, true);
      // Of a variable of the kernel nothing is known but its address.
      const isConfiguration = sections.get('.kconfig')?.variables.some(({ id }) => id === type.id);
      if (!isConfiguration) view.setUint32(at + 8, intId, true);
    } else if (kind === BtfKind.function && vlen === FUNCTION_EXTERN) {
      setLinkage(view, type, FUNCTION_GLOBAL);
      nameParameters(view, types.get(type.sizeOrType), elsewhere.name);
    } else if (kind === BtfKind.function && vlen === FUNCTION_GLOBAL && isHidden(elf, type.name)) {
      setLinkage(view, type, FUNCTION_STATIC);
    }
  }

  const extra = new DataView(new ArrayBuffer(2 * (TYPE_SIZE + 4)));
  for (const [i, word] of [stringsSize, INT.info, INT.size, INT.encoding].entries()) extra.setUint32(i * 4, word, true);
  for (const [i, word] of [elsewhere.name, VARIABLE_INFO, intId, VARIABLE_GLOBAL].entries())
    extra.setUint32(16 + i * 4, word, true);
  const typeBytes = Buffer.concat([bytes.subarray(typeArea.start, typeArea.end), new Uint8Array(extra.buffer)]);
  const stringBytes = Buffer.concat([bytes.subarray(strings.start, strings.end), names]);
  const header = bytes.slice(0, HEADER);
  const lengths = [HEADER, 0, typeBytes.length, typeBytes.length, stringBytes.length];
  for (const [i, word] of lengths.entries()) new DataView(header.buffer).setUint32(4 + i * 4, word, true);
  return Buffer.concat([header, typeBytes, stringBytes]);
}

const placesOf = (variables: readonly Place[]): Map<number, number> =>
  new Map(variables.map(({ id, offset }) => [id, offset]));

function symbolPlaces(types: BtfTypes, type: BtfType, elf: ElfFile, section: number): Map<number, number> {
  const symbols = new Map(
    elf.symbols.filter((symbol) => symbol.section === section).map((symbol) => [symbol.name, symbol.value]),
  );
  return new Map(types.variables(type).map(({ type: id, offset }) => [id, symbols.get(types.get(id).name) ?? offset]));
}

/** Writes sizes and places; the kernel wants variables in their order. */
function fillSection(
  view: DataView,
  type: BtfType,
  types: BtfTypes,
  size: number,
  places: ReadonlyMap<number, number>,
): void {
  const { at } = type;
  view.setUint32(at + 8, size, true);
  const entries = types
    .variables(type)
    .map((variable) => ({ ...variable, offset: places.get(variable.type) ?? variable.offset }))
    .sort((a, b) => a.offset - b.offset);
  for (const [i, { type: id, offset, size: bytes }] of entries.entries()) writeEntry(view, at, i, id, offset, bytes);
}

/** The section `.ksyms`: what is defined in the kernel. */
function fillElsewhere(view: DataView, { at, vlen }: BtfType, variable: number): void {
  view.setUint32(at + 8, vlen * 4, true);
  for (let i = 0; i < vlen; i++) writeEntry(view, at, i, variable, i * 4, 4);
}

function writeEntry(view: DataView, at: number, index: number, id: number, offset: number, size: number): void {
  const entry = at + TYPE_SIZE + index * ENTRY;
  view.setUint32(entry, id, true);
  view.setUint32(entry + 4, offset, true);
  view.setUint32(entry + 8, size, true);
}

function setLinkage(view: DataView, { at }: BtfType, linkage: number): void {
  view.setUint32(at + 4, ((view.getUint32(at + 4, true) & 0xffff_0000) | linkage) >>> 0, true);
}

/** The kernel refuses a global function with parameters that have no names. */
function nameParameters(view: DataView, { at, kind, vlen }: BtfType, name: number): void {
  if (kind !== BtfKind.functionType) return;
  for (let i = 0; i < vlen; i++) {
    const parameter = at + TYPE_SIZE + i * PARAMETER;
    const isNamed = view.getUint32(parameter, true) !== 0;
    if (!isNamed && view.getUint32(parameter + 4, true) !== 0) view.setUint32(parameter, name, true);
  }
}

/** Hidden functions are for this file only: the verifier may look into them where they are called, as into static ones. */
function isHidden(elf: ElfFile, name: string): boolean {
  return elf.symbols.some((symbol) => symbol.name === name && symbol.type === SymbolType.function && symbol.hidden);
}
