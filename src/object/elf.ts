import { ByteReader } from './byte-reader.js';
import { objectError } from './object-error.js';

/** ELF-64 Object File Format; the numbers of BPF are in the kernel's Documentation/bpf/llvm_reloc.rst. */
const ELF_MAGIC = 0x464c457f;
const CLASS_64 = 2;
const LITTLE_ENDIAN = 1;
const RELOCATABLE = 1;
const MACHINE_BPF = 247;
const HEADER_SIZE = 64;
const SECTION_HEADER_SIZE = 64;
const SYMBOL_SIZE = 24;
const RELOCATION_SIZE = 16;

export const SectionType = { programBits: 1, symbols: 2, strings: 3, rela: 4, noBits: 8, rel: 9 } as const;
const EXECUTABLE = 4;

export const SymbolType = { none: 0, object: 1, function: 2, section: 3 } as const;
export const Binding = { local: 0, global: 1, weak: 2 } as const;
const STV_DEFAULT = 0;
const STV_PROTECTED = 3;

export interface Section {
  readonly index: number;
  readonly name: string;
  readonly type: number;
  readonly executable: boolean;
  /** Bytes; of `.bss` too, which has no contents. */
  readonly size: number;
  /** Empty for a section without contents in the file. */
  readonly data: Uint8Array;
}

export interface ElfSymbol {
  readonly name: string;
  /** Offset in its section. */
  readonly value: number;
  /** Bytes. */
  readonly size: number;
  /** Index of its section; 0 when it is defined elsewhere. */
  readonly section: number;
  readonly type: number;
  readonly binding: number;
  /** Not for others than this file to see (STV_HIDDEN, STV_INTERNAL). */
  readonly hidden: boolean;
}

export interface Relocation {
  /** Where, in the section it belongs to. */
  readonly offset: number;
  /** R_BPF_… */
  readonly type: number;
  readonly symbol: ElfSymbol;
}

/** A relocatable ELF file for BPF, as clang writes it, taken apart. */
export class ElfFile {
  readonly sections: readonly Section[];
  readonly symbols: readonly ElfSymbol[];
  readonly #relocations: ReadonlyMap<number, readonly Relocation[]>;

  /** @throws XDP_ERR_OBJECT */
  constructor(bytes: Uint8Array) {
    const file = new ByteReader(bytes, 'the file');
    checkHeader(file);
    const headers = sectionHeaders(file);
    const names = headers[file.u16(62)];
    const nameTable = names && contents(file, names, 'the table of section names');
    this.sections = headers.map((header, index) => readSection(file, header, index, nameTable));
    const symbolTable = headers.find(({ type }) => type === SectionType.symbols);
    this.symbols = symbolTable ? readSymbols(file, symbolTable, headers) : [];
    this.#relocations = readRelocations(file, headers, this.symbols);
  }

  /** The first section with this name. */
  section(name: string): Section | undefined {
    return this.sections.find((section) => section.name === name);
  }

  /** What has to be filled into a section, by rising offset. */
  relocationsOf(section: Section): readonly Relocation[] {
    return this.#relocations.get(section.index) ?? [];
  }
}

interface SectionHeader {
  readonly nameAt: number;
  readonly type: number;
  readonly flags: number;
  readonly offset: number;
  readonly size: number;
  readonly link: number;
  readonly info: number;
}

function checkHeader(file: ByteReader): void {
  if (file.length < HEADER_SIZE || file.u32(0) !== ELF_MAGIC) {
    throw objectError('this is no ELF file', 'clang -O2 -g -target bpf -c FILE.c makes one');
  }
  if (file.u8(4) !== CLASS_64 || file.u8(5) !== LITTLE_ENDIAN) {
    throw objectError('the file is not for a 64-bit little-endian machine', 'compile with -target bpfel');
  }
  if (file.u16(18) !== MACHINE_BPF) {
    throw objectError(
      `the file is for machine ${file.u16(18)}, not for BPF (${MACHINE_BPF})`,
      'compile with -target bpf',
    );
  }
  if (file.u16(16) !== RELOCATABLE) throw objectError('the file is no object file (ET_REL)');
}

function sectionHeaders(file: ByteReader): SectionHeader[] {
  const offset = file.u64(40);
  const count = file.u16(60);
  if (file.u16(58) !== SECTION_HEADER_SIZE) throw objectError('the file has section headers of an unknown size');
  return Array.from({ length: count }, (_, i): SectionHeader => {
    const header = file.part(offset + i * SECTION_HEADER_SIZE, SECTION_HEADER_SIZE, 'the table of sections');
    return {
      nameAt: header.u32(0),
      type: header.u32(4),
      flags: header.u64(8),
      offset: header.u64(24),
      size: header.u64(32),
      link: header.u32(40),
      info: header.u32(44),
    };
  });
}

function contents(file: ByteReader, { type, offset, size }: SectionHeader, what: string): ByteReader {
  return type === SectionType.noBits ? file.part(0, 0, what) : file.part(offset, size, what);
}

function readSection(file: ByteReader, header: SectionHeader, index: number, names: ByteReader | undefined): Section {
  const { type, flags, size } = header;
  // The first one is no section: its fields mean something else.
  if (index === 0) return { index, name: '', type: 0, executable: false, size: 0, data: new Uint8Array(0) };
  const name = names?.text(header.nameAt) ?? '';
  const { bytes } = contents(file, header, `section ${name}`);
  return { index, name, type, executable: (flags & EXECUTABLE) !== 0, size, data: bytes };
}

function readSymbols(file: ByteReader, header: SectionHeader, headers: readonly SectionHeader[]): ElfSymbol[] {
  const table = contents(file, header, 'the table of symbols');
  const strings = headers[header.link];
  if (strings?.type !== SectionType.strings) throw objectError('the table of symbols has no names');
  const names = contents(file, strings, 'the table of symbol names');
  return Array.from({ length: Math.floor(table.length / SYMBOL_SIZE) }, (_, i): ElfSymbol => {
    const symbol = table.part(i * SYMBOL_SIZE, SYMBOL_SIZE);
    const info = symbol.u8(4);
    const visibility = symbol.u8(5) & 3;
    return {
      name: names.text(symbol.u32(0)),
      value: symbol.u64(8),
      size: symbol.u64(16),
      section: symbol.u16(6),
      type: info & 15,
      binding: info >> 4,
      hidden: visibility !== STV_DEFAULT && visibility !== STV_PROTECTED,
    };
  });
}

function readRelocations(
  file: ByteReader,
  headers: readonly SectionHeader[],
  symbols: readonly ElfSymbol[],
): Map<number, Relocation[]> {
  const result = new Map<number, Relocation[]>();
  for (const header of headers) {
    // BPF has none with addends of their own: what is to be added stands in the place that is filled.
    if (header.type === SectionType.rela) throw objectError('the file has relocations with addends (SHT_RELA)');
    if (header.type !== SectionType.rel) continue;
    const table = contents(file, header, 'a table of relocations');
    const count = Math.floor(table.length / RELOCATION_SIZE);
    const relocations = Array.from({ length: count }, (_, i): Relocation => {
      const entry = table.part(i * RELOCATION_SIZE, RELOCATION_SIZE);
      const symbol = symbols[entry.u32(12)];
      if (symbol === undefined) throw objectError(`a relocation names symbol ${entry.u32(12)}, which is not there`);
      return { offset: entry.u64(0), type: entry.u32(8), symbol };
    });
    const all = [...(result.get(header.info) ?? []), ...relocations];
    result.set(
      header.info,
      all.sort((a, b) => a.offset - b.offset),
    );
  }
  return result;
}
