import { Binding, type ElfFile, type Section, SectionType, SymbolType } from './elf.js';
import { objectError } from './object-error.js';

/** Bytes of an instruction slot. */
export const SLOT = 8;

/** A function of the file: a program, or one that programs call. */
export interface BpfFunction {
  readonly name: string;
  readonly section: Section;
  /** Bytes from the beginning of its section. */
  readonly offset: number;
  /** Bytes. */
  readonly size: number;
  /** Others than this file may see it. The verifier takes functions apart differently by this. */
  readonly global: boolean;
}

/** All functions of a file, found by the place where they begin. */
export class Functions {
  readonly all: readonly BpfFunction[];
  readonly #byPlace: ReadonlyMap<string, BpfFunction>;

  /** @throws XDP_ERR_OBJECT */
  constructor(elf: ElfFile) {
    this.all = elf.symbols.flatMap((symbol): BpfFunction[] => {
      const section = elf.sections[symbol.section];
      const isCode = section?.executable && section.type === SectionType.programBits;
      if (symbol.type !== SymbolType.function || section === undefined || !isCode) return [];
      const { name, value: offset, size, binding, hidden } = symbol;
      if (offset % SLOT !== 0 || size % SLOT !== 0 || size === 0 || offset + size > section.size) {
        throw objectError(`function ${name} does not lie within its section ${section.name}`);
      }
      return [{ name, section, offset, size, global: binding !== Binding.local && !hidden }];
    });
    this.#byPlace = new Map(this.all.map((one) => [`${one.section.index}:${one.offset}`, one]));
  }

  /** The function that begins there. */
  at(section: number, offset: number): BpfFunction | undefined {
    return this.#byPlace.get(`${section}:${offset}`);
  }
}
