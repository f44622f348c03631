import { unlinkSync } from 'node:fs';
import { BpfMap, type Btf, bpffs, MapFlag, type MapOptions, u32 } from '../kernel/index.js';
import { Errno, isErrno, XdpError } from '../sys/index.js';
import type { DataSection } from './data-sections.js';
import type { LoadOptions } from './load-options.js';
import type { MapDefinition } from './map-definitions.js';

/** BPF_OBJ_NAME_LEN without its zero. */
const NAME_LENGTH = 15;
/** What is left to the name of a data section in it, at least. */
const SUFFIX_LENGTH = 7;

/** A map for an object: made for it, or one that was there. */
export interface ObjectMap {
  readonly map: BpfMap;
  /** The object has to close it. */
  readonly owned: boolean;
  /** Where it is to be pinned once all has gone well. */
  readonly pinAt?: string | undefined;
}

/** @throws XDP_ERR_USAGE when a map that is there has another shape; XDP_ERR_OBJECT, XDP_ERR_PERMISSION */
export function openMap(definition: MapDefinition, options: LoadOptions, btf: Btf | undefined): ObjectMap {
  const { name, pinned } = definition;
  const sized = { ...definition, maxEntries: options.maxEntries?.[name] ?? definition.maxEntries };
  const given = options.maps?.[name];
  if (given !== undefined) {
    checkShape(sized, given, 'the map that was given');
    return { map: given, owned: false };
  }
  const path = options.pins?.[name] ?? (pinned ? `${options.pinDirectory ?? bpffs()}/${name}` : undefined);
  if (path === undefined) return { map: makeMap(sized, btf), owned: true };
  const there = openPinned(path);
  if (there === undefined) return { map: makeMap(sized, btf), owned: true, pinAt: path };
  try {
    checkShape(sized, there, `the map pinned at ${path}`);
    return { map: there, owned: true };
  } catch (error) {
    there.close();
    throw error;
  }
}

function openPinned(path: string): BpfMap | undefined {
  try {
    return BpfMap.openPinned(path);
  } catch (error) {
    if (isErrno(error, Errno.ENOENT)) return undefined;
    throw error;
  }
}

/** Pins maps that are to be pinned: all of them, or none. */
export function pinMaps(maps: Iterable<ObjectMap>): void {
  const done: string[] = [];
  try {
    for (const { map, pinAt } of maps) {
      if (pinAt === undefined) continue;
      map.pin(pinAt);
      done.push(pinAt);
    }
  } catch (error) {
    for (const path of done) unlinkSync(path);
    throw error;
  }
}

const SHAPE = ['kind', 'keySize', 'valueSize', 'maxEntries', 'flags'] as const;

function checkShape(definition: MapDefinition, { info }: BpfMap, what: string): void {
  // The kernel adds it to device maps (kernel/bpf/devmap.c, dev_map_alloc_check).
  const added = definition.kind.startsWith('devmap') ? MapFlag.readOnlyForPrograms : 0;
  const found = { ...info, flags: info.flags & ~(added & ~definition.flags) };
  for (const field of SHAPE) {
    if (found[field] === definition[field]) continue;
    throw new XdpError(
      'XDP_ERR_USAGE',
      `${what} is no ${definition.name}: its ${field} is ${found[field]}, not ${definition[field]}`,
      { advice: 'use another pin, or remove that one' },
    );
  }
}

function makeMap(definition: MapDefinition, btf: Btf | undefined): BpfMap {
  const { name, kind, keySize, valueSize, maxEntries, flags, keyType, valueType, inner } = definition;
  using template = inner && makeMap(inner, btf);
  const plain: MapOptions = { kind, name, keySize, valueSize, maxEntries, flags, inner: template };
  return withTypes(plain, valueType === 0 ? undefined : btf && { fd: btf.fd, keyType, valueType });
}

/** Many kinds of maps take no types of keys and values: those are made without. */
function withTypes(options: MapOptions, btf: MapOptions['btf']): BpfMap {
  if (btf === undefined) return new BpfMap(options);
  try {
    return new BpfMap({ ...options, btf });
  } catch (error) {
    if (!(error instanceof XdpError) || error.code === 'XDP_ERR_PERMISSION') throw error;
    return new BpfMap(options);
  }
}

/** The map that a data section becomes: an array with one element, which has what stands in the section. */
export function makeDataMap(objectName: string, section: DataSection, btf: Btf | undefined): BpfMap {
  const { name, image, readOnly, type } = section;
  const options: MapOptions = {
    kind: 'array',
    name: dataMapName(objectName, name),
    valueSize: image.length,
    maxEntries: 1,
    flags: MapFlag.mappable | (readOnly ? MapFlag.readOnlyForPrograms : 0),
  };
  const map = withTypes(options, type === 0 ? undefined : btf && { fd: btf.fd, keyType: 0, valueType: type });
  try {
    map.update(u32(0), image);
    if (readOnly) map.freeze();
    return map;
  } catch (error) {
    map.close();
    throw error;
  }
}

/** As libbpf names them, so that tools show what people know: `counter.bss`; `.data.mine` stays without a prefix. */
function dataMapName(objectName: string, section: string): string {
  if (section.indexOf('.', 1) > 0) return section;
  return objectName.slice(0, NAME_LENGTH - Math.max(SUFFIX_LENGTH, section.length)) + section;
}
