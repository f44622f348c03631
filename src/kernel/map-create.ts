import { OwnedFd, XdpError } from '../sys/index.js';
import { BPF_MAP_CREATE, BpfAttributes, bpfError } from './bpf.js';
import { readMapInfo } from './map-info.js';
import { MapKind, traitsOf } from './map-kind.js';

export interface MapOptions {
  readonly kind: MapKind;
  /** Shown by bpftool: 15 characters of A-Z, a-z, 0-9, _ and dot. What is longer is cut, other characters become `_`. */
  readonly name: string;
  /** Bytes. Only the hash kinds and LPM tries have a choice: at least 1, or 5 for an LPM trie. */
  readonly keySize?: number | undefined;
  /** Bytes; of one CPU's value in per-CPU kinds. Not for kinds that fix it. */
  readonly valueSize?: number | undefined;
  /** For a ring buffer its size in bytes, a power of two times the page size; for a CPU map at most the number of CPUs. */
  readonly maxEntries: number;
  /** See {@link MapFlag}. What the kind can't do without is added. */
  readonly flags?: number | undefined;
  /** For maps of maps: a map like those that will be in it. */
  readonly inner?: { readonly fd: number } | undefined;
  /** BTF of the key and the value, which has bpftool print them by field. */
  readonly btf?: { readonly fd: number; readonly keyType: number; readonly valueType: number } | undefined;
}

/** What is fixed when a map is made. */
export interface MapShape {
  readonly kind: MapKind;
  readonly name: string;
  readonly keySize: number;
  readonly valueSize: number;
  readonly maxEntries: number;
}

/** BPF_MAP_CREATE. @throws RangeError where the kind needs a size */
export function createMap(options: MapOptions): [OwnedFd, MapShape] {
  const { kind, name, maxEntries, flags = 0, inner, btf } = options;
  const traits = traitsOf(kind);
  const keySize = options.keySize ?? traits.keySize;
  const valueSize = options.valueSize ?? traits.valueSize;
  if (keySize === undefined) throw new RangeError(`${kind} maps need a keySize`);
  if (valueSize === undefined) throw new RangeError(`${kind} maps need a valueSize`);
  const attributes = new BpfAttributes()
    .u32(0, MapKind[kind])
    .u32(4, keySize)
    .u32(8, valueSize)
    .u32(12, maxEntries)
    .u32(16, flags | (traits.flags ?? 0))
    .u32(20, inner?.fd ?? 0)
    .name(28, name);
  if (btf) attributes.u32(48, btf.fd).u32(52, btf.keyType).u32(56, btf.valueType);
  const fd = attributes.call(BPF_MAP_CREATE);
  if (fd < 0) throw bpfError(`making the ${kind} map ${name}`, fd);
  return [new OwnedFd(fd, `${kind} map ${name}`), { kind, name, keySize, valueSize, maxEntries }];
}

/** @throws XDP_ERR_PLATFORM for a kind that xdpkit does not know: it could not tell how large values are */
export function shapeOf(handle: OwnedFd): MapShape {
  try {
    const { kind, type, ...info } = readMapInfo(handle.fd);
    if (kind !== undefined) return { kind, ...info };
    throw new XdpError(
      'XDP_ERR_PLATFORM',
      `map ${info.id} (${info.name}) is of kind ${type}, which xdpkit does not know`,
    );
  } catch (error) {
    handle.close();
    throw error;
  }
}
