import { readFileSync } from 'node:fs';
import { kindOfType, type MapKind } from './map-kind.js';
import { nameIn, objectInfo } from './object.js';

/** What the kernel says of a map. */
export interface MapInfo {
  readonly id: number;
  /** Undefined for kinds that xdpkit has no name for. */
  readonly kind: MapKind | undefined;
  /** enum bpf_map_type */
  readonly type: number;
  /** At most 15 characters; empty for a map without one. */
  readonly name: string;
  /** Bytes. */
  readonly keySize: number;
  /** Bytes of one value: those of one CPU in per-CPU kinds. */
  readonly valueSize: number;
  readonly maxEntries: number;
  /** See {@link MapFlag}. */
  readonly flags: number;
  /** Whether writing from outside of programs has ended for good. */
  readonly frozen: boolean;
}

const FROZEN = /^frozen:\t1$/m;

export function readMapInfo(fd: number): MapInfo {
  // struct bpf_map_info: u32 type, id, key_size, value_size, max_entries, map_flags; char name[16]
  const info = objectInfo(fd, 40);
  const type = info.readUInt32LE(0);
  return {
    id: info.readUInt32LE(4),
    kind: kindOfType(type),
    type,
    name: nameIn(info, 24),
    keySize: info.readUInt32LE(8),
    valueSize: info.readUInt32LE(12),
    maxEntries: info.readUInt32LE(16),
    flags: info.readUInt32LE(20),
    frozen: FROZEN.test(readFileSync(`/proc/thread-self/fdinfo/${fd}`, 'ascii')),
  };
}
