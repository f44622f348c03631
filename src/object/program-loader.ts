import { type BpfMap, type Btf, XdpProgram } from '../kernel/index.js';
import { Errno, isErrno, XdpError } from '../sys/index.js';
import { BtfKind } from './btf-format.js';
import { fillReferences, type Target } from './code-references.js';
import type { ElfSymbol } from './elf.js';
import type { KernelSymbol } from './kernel-symbols.js';
import { objectError } from './object-error.js';
import type { ObjectParts } from './object-parts.js';
import type { LinkedProgram } from './program-linker.js';
import { recordsOf } from './program-records.js';

/** What begins the names of kernel functions that only a program which is bound to an interface may call. */
const FOR_BOUND_PROGRAMS = 'bpf_xdp_metadata_rx_';

/** What programs refer to. */
interface Surroundings {
  readonly maps: ReadonlyMap<string, BpfMap>;
  /** Numbers of functions and variables in the kernel's BTF. */
  readonly kernelIds: ReadonlyMap<string, number>;
  readonly btf: Btf | undefined;
  readonly boundTo: number | undefined;
}

/** @throws VerifierError, XDP_ERR_PERMISSION, XDP_ERR_OBJECT, XDP_ERR_PLATFORM */
export function loadProgram(object: ObjectParts, program: LinkedProgram, surroundings: Surroundings): XdpProgram {
  const { btf, boundTo } = surroundings;
  const { pieces, references } = program;
  const { name } = pieces[0]!.function;
  const { attachTo, fragments } = object.programs.get(name)!.definition;
  const isBound = references.some(({ symbol }) => symbol.name.startsWith(FOR_BOUND_PROGRAMS));
  const relocations = object.extension && recordsOf(object.extension.relocations, pieces, 'bytes');
  if (relocations && !btf) {
    throw new XdpError('XDP_ERR_PLATFORM', `${name} has CO-RE relocations, which the kernel fills in only with BTF`, {
      advice: 'the kernel refused that of the file',
    });
  }
  const records = object.extension && {
    functions: recordsOf(object.extension.functions, pieces, 'slots'),
    lines: recordsOf(object.extension.lines, pieces, 'slots'),
    relocations,
  };
  try {
    return new XdpProgram({
      name,
      instructions: fillReferences(program, (symbol, addend) => targetOf(object, surroundings, symbol, addend)),
      license: object.license,
      attachTo,
      fragments,
      boundTo: isBound ? boundTo : undefined,
      btf: btf && records && { fd: btf.fd, ...records },
    });
  } catch (cause) {
    // An argument that has more than the kernel knows of.
    if (!relocations || !isErrno(cause, Errno.E2BIG)) throw cause;
    throw new XdpError('XDP_ERR_PLATFORM', `${name} has CO-RE relocations, which need Linux 5.17`, { cause });
  }
}

/** What a symbol of the file stands for, now that its maps are there. */
function targetOf(object: ObjectParts, { maps, kernelIds }: Surroundings, symbol: ElfSymbol, addend: number): Target {
  const section = object.elf.sections[symbol.section];
  const place = symbol.value + addend;
  if (section?.name === '.maps') {
    const placed = object.maps.find(({ offset }) => offset === place);
    if (placed !== undefined) return { kind: 'map', fd: maps.get(placed.definition.name)!.fd };
    throw objectError(`the code refers to byte ${place} of section .maps, where no map begins`);
  }
  if (symbol.section === 0) {
    const configuration = object.data.find(({ name }) => name === '.kconfig');
    const variable = configuration?.variables.find(({ name }) => name === symbol.name);
    if (variable) return { kind: 'value', fd: maps.get('.kconfig')!.fd, offset: variable.offset + addend };
    return { kind: 'kernel', id: kernelIds.get(symbol.name) };
  }
  const data = object.data.find(({ index }) => index === symbol.section);
  if (data !== undefined) return { kind: 'value', fd: maps.get(data.name)!.fd, offset: place };
  throw objectError(
    `the code refers to ${symbol.name || 'something'} in section ${section?.name || symbol.section}, which is not loaded`,
  );
}

/** What programs refer to and the file does not define: functions and variables of the kernel. */
export function wantedFromKernel(object: ObjectParts, programs: Iterable<LinkedProgram>): KernelSymbol[] {
  const configuration = object.data.find(({ name }) => name === '.kconfig')?.variables ?? [];
  const wanted = new Map<string, KernelSymbol>();
  for (const { references } of programs) {
    for (const { kind, symbol } of references) {
      const { name } = symbol;
      if (symbol.section !== 0 || configuration.some((variable) => variable.name === name)) continue;
      const isFunction = kind === 'call' || isDeclaredFunction(object, name);
      wanted.set(name, { name, kind: isFunction ? 'function' : 'variable' });
    }
  }
  return [...wanted.values()];
}

/** Whether a name that the file does not define is declared as a function. */
function isDeclaredFunction({ types }: ObjectParts, name: string): boolean {
  return types?.all.some((type) => type.kind === BtfKind.function && type.name === name) ?? false;
}
