import { readFileSync } from 'node:fs';
import { basename } from 'node:path';
import { XdpError } from '../sys/index.js';
import type { LoadOptions } from './load-options.js';
import type { LoadedObject } from './loaded-object.js';
import type { MapDefinition } from './map-definitions.js';
import { loadObject } from './object-loader.js';
import { type ObjectParts, readParts } from './object-parts.js';
import type { ProgramDefinition } from './program-definitions.js';
import { type Variable, variablesOf } from './variable.js';

/**
 * An object file made by clang (`clang -O2 -g -target bpf -c`) with XDP programs, as it is before it is loaded: nothing here
 * is in the kernel yet, so there is nothing to close, and {@link load} may be called again and again.
 *
 * ```ts
 * const object = BpfObject.open('counter.o');
 * object.variables.get('port')?.set(443);
 * using loaded = object.load();
 * using link = XdpLink.attach(loaded.program('count'), getLink('eth1'), 'native');
 * for (const [key, value] of loaded.typedMap('counts')) console.log(key, value);
 * ```
 */
export class BpfObject {
  /** Its file's name, up to the first dot. */
  readonly name: string;
  /** What it says of its license; empty when it says nothing, and then no helper that is GPL-only may be called. */
  readonly license: string;
  readonly programs: ReadonlyMap<string, ProgramDefinition>;
  readonly maps: ReadonlyMap<string, MapDefinition>;
  /** Global variables, and static ones, with their initial values. Of several with one name this has the first. */
  readonly variables: ReadonlyMap<string, Variable>;
  /** What somebody who uses it should know, as sentences. */
  readonly notices: readonly string[];
  readonly #parts: ObjectParts;

  private constructor(bytes: Uint8Array, name: string) {
    this.#parts = readParts(bytes, name);
    const { license, programs, others, maps, data, codecs } = this.#parts;
    this.name = name;
    this.license = license;
    this.programs = new Map([...programs].map(([key, { definition }]) => [key, definition]));
    this.maps = new Map(maps.map(({ definition }) => [definition.name, definition]));
    this.variables = variablesOf(data, codecs, ({ image }) => image);
    this.notices = others.map((other) => `${other} is no XDP program, and is left out`);
  }

  /**
   * @param source a path, or the bytes of such a file
   * @param options name that data sections and errors show; default that of the file
   * @throws XDP_ERR_OBJECT when it is damaged, or has what xdpkit does not do (named in the message): programs that are not
   *   XDP, kinds of maps that `MapKind` lacks, maps in the old section `maps`, variables that hold addresses
   */
  static open(source: string | Uint8Array, options: { readonly name?: string | undefined } = {}): BpfObject {
    if (typeof source !== 'string') return new BpfObject(source, options.name ?? 'object');
    const bytes = read(source);
    try {
      return new BpfObject(bytes, options.name ?? basename(source).replace(/(?<=.)\..*$/, ''));
    } catch (cause) {
      if (!(cause instanceof XdpError)) throw cause;
      throw new XdpError(cause.code, `${source}: ${cause.message}`, { cause, advice: cause.advice });
    }
  }

  /**
   * Makes its maps, and loads its programs. When anything fails, nothing is left.
   *
   * Needs CAP_BPF and CAP_NET_ADMIN; Linux 5.10, for CO-RE relocations 5.17.
   *
   * @throws VerifierError, XDP_ERR_PERMISSION, XDP_ERR_OBJECT, XDP_ERR_PLATFORM when the kernel lacks a function that the
   *   object refers to, XDP_ERR_USAGE for a name that is not there or a pinned map of another shape
   */
  load(options: LoadOptions = {}): LoadedObject {
    return loadObject(this.#parts, options);
  }
}

function read(path: string): Uint8Array {
  try {
    return readFileSync(path);
  } catch (cause) {
    throw new XdpError('XDP_ERR_USAGE', `${path} can't be read: ${(cause as Error).message}`, { cause });
  }
}
