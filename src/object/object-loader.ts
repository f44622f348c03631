import { type BpfMap, Btf, u32, type XdpProgram } from '../kernel/index.js';
import { type Mapping, XdpError } from '../sys/index.js';
import { kernelBtf } from './btf-image.js';
import { findKernelSymbols } from './kernel-symbols.js';
import type { LoadOptions } from './load-options.js';
import { LoadedObject, noSuch } from './loaded-object.js';
import { objectError } from './object-error.js';
import { makeDataMap, type ObjectMap, openMap, pinMaps } from './object-maps.js';
import type { ObjectParts } from './object-parts.js';
import { type LinkedProgram, linkProgram } from './program-linker.js';
import { loadProgram, wantedFromKernel } from './program-loader.js';

/**
 * Puts an object into the kernel: BTF, maps, then programs, then what maps hold of them, then pins. When a step fails, those
 * before it are undone.
 */
export function loadObject(object: ObjectParts, options: LoadOptions): LoadedObject {
  checkNames(object, options);
  const linked = linkPrograms(object, options);
  const kernelIds = findKernelSymbols(wantedFromKernel(object, linked.values()));
  const open: { close(): void }[] = [];
  const close = () => {
    for (let last = open.pop(); last !== undefined; last = open.pop()) last.close();
  };
  const keep = <T extends { close(): void }>(resource: T): T => {
    open.push(resource);
    return resource;
  };
  try {
    const notices: string[] = [];
    using btf = loadBtf(object, notices);
    const pinned: ObjectMap[] = [];
    const maps = new Map<string, BpfMap>();
    for (const { definition } of object.maps) {
      const opened = openMap(definition, options, btf);
      if (opened.owned) keep(opened.map);
      pinned.push(opened);
      maps.set(definition.name, opened.map);
    }
    const memory = new Map<string, Mapping>();
    for (const section of object.data) {
      const map = keep(makeDataMap(object.name, section, btf));
      maps.set(section.name, map);
      if (!section.readOnly) memory.set(section.name, keep(map.memory()));
    }
    fillMaps(object, maps, 'maps', maps);
    const programs = new Map<string, XdpProgram>();
    for (const [name, program] of linked) {
      programs.set(name, keep(loadProgram(object, program, { maps, kernelIds, btf, boundTo: options.boundTo })));
    }
    fillMaps(object, maps, 'programs', programs);
    pinMaps(pinned);
    return new LoadedObject(object, { programs, maps, memory, notices }, close);
  } catch (error) {
    close();
    throw error;
  }
}

/** Whoever names something that is not there has mistyped it. */
function checkNames({ programs, maps }: ObjectParts, options: LoadOptions): void {
  for (const name of options.programs ?? []) {
    if (!programs.has(name)) throw noSuch('program', name, programs.keys());
  }
  const names = new Set(maps.map(({ definition }) => definition.name));
  const { maps: given = {}, pins = {}, maxEntries = {} } = options;
  for (const name of [given, pins, maxEntries].flatMap((record) => Object.keys(record))) {
    if (!names.has(name)) throw noSuch('map', name, names);
  }
}

/** Those that are asked for, and those that program arrays hold from the start. */
function linkPrograms(
  { programs, functions, elf, maps }: ObjectParts,
  options: LoadOptions,
): Map<string, LinkedProgram> {
  const wanted =
    options.programs ?? [...programs].filter(([, { definition }]) => !definition.optional).map(([name]) => name);
  const held = maps.flatMap(({ definition: { kind, entries } }) => (kind === 'programArray' ? entries : []));
  const names = new Set([...wanted, ...held.map(({ name }) => name)]);
  return new Map(
    [...names].map((name) => {
      const program = programs.get(name);
      if (program === undefined)
        throw objectError(`a program array holds ${name || 'something'}, which is no XDP program`);
      return [name, linkProgram(program.main, functions, elf)];
    }),
  );
}

/** @returns undefined, with a notice, when the kernel refuses it: old kernels don't know all that clang writes */
function loadBtf({ types, elf, data }: ObjectParts, notices: string[]): Btf | undefined {
  if (types === undefined) {
    notices.push('the file has no BTF: tools will show no names and types; compile with -g to have them');
    return undefined;
  }
  const sections = new Map(
    data.map(({ name, image, variables }) => [name, { size: image.length, variables }] as const),
  );
  try {
    return new Btf(kernelBtf(types, elf, sections));
  } catch (error) {
    if (!(error instanceof XdpError) || error.code !== 'XDP_ERR_VERIFIER') throw error;
    notices.push(`loaded without BTF, so that tools show no names and types: ${error.message}`);
    return undefined;
  }
}

/** Writes what maps hold from the start: in maps of maps other maps, in program arrays programs. */
function fillMaps(
  object: ObjectParts,
  maps: ReadonlyMap<string, BpfMap>,
  what: 'maps' | 'programs',
  values: ReadonlyMap<string, { readonly fd: number }>,
): void {
  for (const { definition } of object.maps) {
    const { name, kind, entries } = definition;
    if ((kind === 'programArray') !== (what === 'programs')) continue;
    for (const entry of entries) {
      const value = values.get(entry.name);
      if (value === undefined) throw objectError(`map ${name} holds ${entry.name || 'something'}, which is no map`);
      maps.get(name)?.update(u32(entry.index), u32(value.fd));
    }
  }
}
