import { release } from 'node:os';
import { BtfKind } from './btf-format.js';
import type { BtfType, BtfTypes } from './btf-types.js';
import { Binding, type ElfFile, type ElfSymbol, type Section, SectionType, SymbolType } from './elf.js';
import { objectError, refuseTwins } from './object-error.js';

const DATA = /^\.(data|rodata|bss)(\..+)?$/;
/** Bytes. Memory is taken for all of it, so a damaged size should not pass. */
const LARGEST = 1 << 26;
/** Bytes of a variable of the kernel's configuration. */
const LARGEST_OPTION = 8;

/** A variable, and where it stands. */
export interface PlacedVariable {
  readonly name: string;
  /** Number of its type in the file's BTF; 0 when it has none. */
  readonly type: number;
  /** Number of the variable itself there; 0 when it has none. */
  readonly id: number;
  /** Bytes from the beginning of its section. */
  readonly offset: number;
  /** Bytes. */
  readonly size: number;
}

/** Global variables with their values: in the kernel an array map with one element. */
export interface DataSection {
  /** `.data`, `.bss`, `.rodata`, or such a name with more behind it. */
  readonly name: string;
  /** Of the section in the file; 0 for the kernel's configuration, which is none. */
  readonly index: number;
  /** What stands in it at the start: to be changed until it is loaded. */
  readonly image: Uint8Array;
  /** Programs can't change it, and nobody can once it is loaded. */
  readonly readOnly: boolean;
  /** Number of its type in the file's BTF; 0 when it has none. */
  readonly type: number;
  readonly variables: readonly PlacedVariable[];
}

/** @throws XDP_ERR_OBJECT */
export function readDataSections(elf: ElfFile, types: BtfTypes | undefined): DataSection[] {
  const sections = elf.sections
    .filter(({ name, type, size, executable }) => {
      const holdsData = type === SectionType.programBits || type === SectionType.noBits;
      return DATA.test(name) && holdsData && size > 0 && !executable;
    })
    .map((section): DataSection => {
      const { name, index, size, data } = section;
      if (size > LARGEST) throw objectError(`section ${name} has ${size} bytes; up to ${LARGEST} are possible`);
      const [pointer] = elf.relocationsOf(section);
      if (pointer !== undefined) {
        throw objectError(
          `section ${name} holds the address of ${pointer.symbol.name || 'something'} at byte ${pointer.offset}`,
          'nobody can fill in addresses for a BPF program before it runs: store indices, or fill them in at run time',
        );
      }
      const dataSection = types?.dataSection(name);
      const symbols = elf.symbols.filter((symbol) => symbol.section === index && symbol.type === SymbolType.object);
      const variables =
        types && dataSection ? fromTypes(types, dataSection, symbols) : symbols.map((symbol) => fromSymbol(symbol));
      for (const variable of variables) checkPlace(section, variable);
      const image = new Uint8Array(size);
      image.set(data);
      return { name, index, image, readOnly: name.startsWith('.rodata'), type: dataSection?.id ?? 0, variables };
    });
  const configuration = types && readConfiguration(types, elf.symbols);
  const all = configuration ? [...sections, configuration] : sections;
  refuseTwins(
    'section',
    all.map(({ name }) => name),
  );
  return all;
}

function fromTypes(types: BtfTypes, section: BtfType, symbols: readonly ElfSymbol[]): PlacedVariable[] {
  return types.variables(section).map(({ type: id, offset, size }) => {
    const variable = types.get(id);
    if (variable.kind !== BtfKind.variable) throw objectError(`the BTF has a ${section.name} of other than variables`);
    // BTF has only the offsets of static variables; those of global ones stand in the table of symbols.
    const symbol = symbols.find(({ name, binding }) => name === variable.name && binding !== Binding.local);
    return { name: variable.name, type: variable.sizeOrType, id, offset: symbol?.value ?? offset, size };
  });
}

const fromSymbol = ({ name, value, size }: ElfSymbol): PlacedVariable => ({
  name,
  type: 0,
  id: 0,
  offset: value,
  size,
});

function checkPlace(section: Section, { name, offset, size }: PlacedVariable): void {
  if (offset + size > section.size) throw objectError(`variable ${name} reaches beyond its section ${section.name}`);
}

/**
 * `extern … __kconfig` variables. Of them only LINUX_KERNEL_VERSION is known; weak ones that are not known are 0.
 *
 * @returns undefined when there are none
 */
function readConfiguration(types: BtfTypes, symbols: readonly ElfSymbol[]): DataSection | undefined {
  const section = types.dataSection('.kconfig');
  if (section === undefined) return undefined;
  const wanted = types.variables(section).map(({ type: id }) => {
    const { name, sizeOrType: type } = types.get(id);
    const size = types.sizeOf(type);
    const weak = symbols.some((symbol) => symbol.name === name && symbol.binding === Binding.weak);
    if (size > LARGEST_OPTION || (name !== 'LINUX_KERNEL_VERSION' && !weak)) {
      throw objectError(
        `${name} (__kconfig) is not known: of the kernel's configuration there is only LINUX_KERNEL_VERSION`,
        'declare it __weak to have it 0, or make it a const volatile variable and set that',
      );
    }
    return { name, type, id, size };
  });
  // The order of libbpf: then both make the same program.
  wanted.sort((a, b) => b.size - a.size || (a.name < b.name ? -1 : 1));
  let end = 0;
  const variables = wanted.map((variable): PlacedVariable => {
    const offset = end;
    end += variable.size;
    return { ...variable, offset };
  });
  const image = new Uint8Array(end);
  for (const { name, offset, size } of variables) {
    if (name === 'LINUX_KERNEL_VERSION' && size === 4)
      new DataView(image.buffer).setUint32(offset, kernelVersion(), true);
  }
  return { name: '.kconfig', index: 0, image, readOnly: true, type: section.id, variables };
}

/** KERNEL_VERSION(a, b, c) of include/linux/version.h. */
function kernelVersion(): number {
  const [major = 0, minor = 0, patch = 0] = (release().match(/\d+/g) ?? []).map(Number);
  return (major << 16) + (minor << 8) + Math.min(patch, 255);
}
