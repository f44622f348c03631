import { BtfCodecs } from './btf-codec.js';
import { type BtfExtension, readBtfExtension } from './btf-extension.js';
import { BtfTypes } from './btf-types.js';
import { type DataSection, readDataSections } from './data-sections.js';
import { ElfFile } from './elf.js';
import { type BpfFunction, Functions } from './functions.js';
import { type PlacedMap, readMaps } from './map-definitions.js';
import { type ProgramDefinition, readPrograms } from './program-definitions.js';

/** An object file, taken apart. */
export interface ObjectParts {
  readonly name: string;
  readonly elf: ElfFile;
  readonly functions: Functions;
  readonly license: string;
  readonly programs: ReadonlyMap<string, { readonly definition: ProgramDefinition; readonly main: BpfFunction }>;
  /** Programs of other types. */
  readonly others: readonly string[];
  readonly maps: readonly PlacedMap[];
  readonly data: readonly DataSection[];
  /** Undefined, like the extension, for a file without BTF. */
  readonly types: BtfTypes | undefined;
  readonly extension: BtfExtension | undefined;
  readonly codecs: BtfCodecs | undefined;
}

/** @throws XDP_ERR_OBJECT */
export function readParts(bytes: Uint8Array, name: string): ObjectParts {
  const elf = new ElfFile(bytes);
  const functions = new Functions(elf);
  const btf = elf.section('.BTF');
  const types = btf && new BtfTypes(btf.data);
  const extension = elf.section('.BTF.ext');
  return {
    name,
    elf,
    functions,
    types,
    license: readLicense(elf),
    codecs: types && new BtfCodecs(types),
    extension: types && extension && readBtfExtension(extension.data, (offset) => types.text(offset)),
    data: readDataSections(elf, types),
    maps: readMaps(elf, types),
    ...readPrograms(functions.all),
  };
}

function readLicense(elf: ElfFile): string {
  const bytes = elf.section('license')?.data ?? new Uint8Array(0);
  return Buffer.from(bytes).toString('latin1').replace(/\0.*$/s, '');
}
