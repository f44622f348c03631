import {
  type BpfMap,
  type Codec,
  type CpuEntry,
  cpuEntry,
  type DeviceEntry,
  deviceEntry,
  type MapKind,
  mapEntry,
  perCpu,
  programEntry,
  type TypedMap,
  type XdpProgram,
} from '../kernel/index.js';
import { type Mapping, XdpError } from '../sys/index.js';
import { type BtfValue, plainBytes } from './btf-codec.js';
import type { ObjectParts } from './object-parts.js';
import { type Variable, variablesOf } from './variable.js';

/** What an object has in the kernel. */
export interface LoadedParts {
  readonly programs: ReadonlyMap<string, XdpProgram>;
  readonly maps: ReadonlyMap<string, BpfMap>;
  /** Where the data sections that can change are mapped, by their names. */
  readonly memory: ReadonlyMap<string, Mapping>;
  readonly notices: readonly string[];
}

/** What can be written into a map: a value of its type, or what the kinds hold that are written by descriptor. */
export type MapValue = BtfValue | { readonly fd: number } | DeviceEntry | CpuEntry;

/** Kinds whose values are not what their types say. (A device or CPU map may have values of 4 bytes, too.) */
const HOLDERS: Readonly<Partial<Record<MapKind, Codec<unknown, never>>>> = {
  arrayOfMaps: mapEntry,
  hashOfMaps: mapEntry,
  programArray: programEntry,
  devmap: deviceEntry,
  devmapHash: deviceEntry,
  cpumap: cpuEntry,
};

/**
 * An object in the kernel: its programs, to be attached with `XdpLink` or run with `TestRun`; its maps; and its variables
 * as programs see them.
 */
export class LoadedObject implements Disposable {
  readonly programs: ReadonlyMap<string, XdpProgram>;
  /** Its maps, and those that its data sections have become: `.data`, `.bss`, `.rodata`. */
  readonly maps: ReadonlyMap<string, BpfMap>;
  /** Global variables, and static ones, in the memory that programs use. Of several with one name this has the first. */
  readonly variables: ReadonlyMap<string, Variable>;
  /** What somebody who uses it should know, as sentences. */
  readonly notices: readonly string[];
  readonly #object: ObjectParts;
  readonly #close: () => void;

  /**
   * @internal
   * @param close lets go what is in the kernel
   */
  constructor(object: ObjectParts, { programs, maps, memory, notices }: LoadedParts, close: () => void) {
    this.programs = programs;
    this.maps = maps;
    this.notices = notices;
    this.#object = object;
    this.#close = close;
    this.variables = variablesOf(
      object.data,
      object.codecs,
      ({ name, image }) => {
        const mapping = memory.get(name);
        return mapping ? new Uint8Array(mapping.buffer) : image.slice();
      },
      { loaded: true },
    );
  }

  /** @throws XDP_ERR_USAGE when no such program was loaded */
  program(name: string): XdpProgram {
    const program = this.programs.get(name);
    if (program !== undefined) return program;
    throw noSuch('program', name, this.programs.keys());
  }

  /**
   * A map of the object, with keys and values of the types that it tells of, see {@link BtfValue}; per-CPU kinds have a list
   * of values. Into maps that hold maps or programs those are written, and ids come out.
   *
   * @throws XDP_ERR_USAGE when there is no such map
   */
  typedMap(name: string): TypedMap<Codec<BtfValue>, Codec<BtfValue, MapValue>> {
    const map = this.maps.get(name);
    if (map === undefined) throw noSuch('map', name, this.maps.keys());
    const definition = this.#object.maps.find((one) => one.definition.name === name)?.definition;
    const { codecs } = this.#object;
    const key = codecs?.of(definition?.keyType ?? 0, map.keySize) ?? plainBytes(map.keySize);
    const value = codecs?.of(definition?.valueType ?? 0, map.valueSize) ?? plainBytes(map.valueSize);
    const all = HOLDERS[map.kind] ?? (/percpu/i.test(map.kind) ? perCpu(value) : value);
    return map.typed(key, all.size === map.lookupSize ? (all as Codec<BtfValue, MapValue>) : value);
  }

  /** Idempotent. What is attached, or pinned, stays; so do maps that the caller gave. */
  close(): void {
    this.#close();
  }

  [Symbol.dispose](): void {
    this.close();
  }
}

/** The error for a name that an object does not have; it tells those that it has. */
export function noSuch(what: 'program' | 'map' | 'variable', name: string, names: Iterable<string>): XdpError {
  return new XdpError('XDP_ERR_USAGE', `the object has no ${what} called ${JSON.stringify(name)}`, {
    advice: `its ${what}s: ${[...names].join(', ') || 'none'}`,
  });
}
