import { calls, XdpError } from '../sys/index.js';
import { nameIn, objectInfo, openById } from './object.js';

/** What the kernel says of a program. */
export interface ProgramInfo {
  readonly id: number;
  /** At most 15 characters. */
  readonly name: string;
  /** Hash of the instructions, as bpftool prints it. */
  readonly tag: string;
  /** enum bpf_prog_type: 6 is XDP. */
  readonly type: number;
  /** Ids of the maps that it uses. */
  readonly mapIds: readonly number[];
  /** When it was loaded: nanoseconds since boot. */
  readonly loadedAt: bigint;
  /** Who loaded it. */
  readonly uid: number;
  /** Instructions that the verifier went through; 0 before Linux 5.16. */
  readonly verifiedInstructions: number;
}

/** Offsets in struct bpf_prog_info. */
const Info = {
  type: 0,
  id: 4,
  tag: 8,
  loadTime: 40,
  uid: 48,
  mapCount: 52,
  mapIds: 56,
  name: 64,
  verifiedInstructions: 216,
  bytes: 224,
} as const;

/**
 * What the kernel says of a program by its id. Needs CAP_SYS_ADMIN (BPF_PROG_GET_FD_BY_ID).
 * @returns undefined when it is gone, or may not be looked at
 */
export function programInfo(id: number): ProgramInfo | undefined {
  try {
    using handle = openById('program', id);
    return handle && readProgramInfo(handle.fd);
  } catch (error) {
    if (error instanceof XdpError && error.code === 'XDP_ERR_PERMISSION') return undefined;
    throw error;
  }
}

export function readProgramInfo(fd: number): ProgramInfo {
  const info = objectInfo(fd, Info.bytes);
  return {
    id: info.readUInt32LE(Info.id),
    name: nameIn(info, Info.name),
    tag: info.toString('hex', Info.tag, Info.tag + 8),
    type: info.readUInt32LE(Info.type),
    mapIds: readMapIds(fd, info.readUInt32LE(Info.mapCount)),
    loadedAt: info.readBigUInt64LE(Info.loadTime),
    uid: info.readUInt32LE(Info.uid),
    verifiedInstructions: info.readUInt32LE(Info.verifiedInstructions),
  };
}

/** The kernel fills an array of ours, if it is told where that stands. */
function readMapIds(fd: number, count: number): number[] {
  const ids = new Uint32Array(count);
  if (count === 0) return [];
  objectInfo(fd, Info.bytes, (info) => {
    info.writeUInt32LE(count, Info.mapCount);
    info.writeBigUInt64LE(BigInt(calls.addressOf(ids)), Info.mapIds);
  });
  return [...ids];
}
