import { readlinkSync } from 'node:fs';
import { Errno, OwnedFd, refusedError, XdpError } from '../sys/index.js';
import {
  BPF_LINK_GET_FD_BY_ID,
  BPF_LINK_GET_NEXT_ID,
  BPF_MAP_GET_FD_BY_ID,
  BPF_MAP_GET_NEXT_ID,
  BPF_OBJ_GET,
  BPF_OBJ_GET_INFO_BY_FD,
  BPF_OBJ_PIN,
  BPF_PROG_GET_FD_BY_ID,
  BPF_PROG_GET_NEXT_ID,
  BpfAttributes,
  bpfError,
} from './bpf.js';

/** What bpf(2) holds, and names by ids and pins. */
export type ObjectKind = 'map' | 'program' | 'link';

const COMMANDS = {
  map: { next: BPF_MAP_GET_NEXT_ID, open: BPF_MAP_GET_FD_BY_ID },
  program: { next: BPF_PROG_GET_NEXT_ID, open: BPF_PROG_GET_FD_BY_ID },
  link: { next: BPF_LINK_GET_NEXT_ID, open: BPF_LINK_GET_FD_BY_ID },
} as const;

/**
 * The ids of all objects of a kind in the kernel, in ascending order, as they are when each is asked for. Needs
 * CAP_SYS_ADMIN; Linux 4.13 (links: 5.8).
 *
 * @throws XDP_ERR_PERMISSION
 */
export function* objectIds(kind: ObjectKind): Generator<number> {
  for (let id = 0; ; ) {
    const attributes = new BpfAttributes().u32(0, id);
    const result = attributes.call(COMMANDS[kind].next);
    if (result === -Errno.ENOENT) return;
    if (result < 0) throw idError(`listing ${kind}s`, result);
    id = attributes.readU32(4);
    yield id;
  }
}

/** @returns undefined when there is no object with this id (any more) */
export function openById(kind: ObjectKind, id: number): OwnedFd | undefined {
  const result = new BpfAttributes().u32(0, id).call(COMMANDS[kind].open);
  if (result === -Errno.ENOENT) return undefined;
  if (result < 0) throw idError(`opening ${kind} ${id}`, result);
  return new OwnedFd(result, `${kind} ${id}`);
}

/** Ids belong to CAP_SYS_ADMIN: whoever may ask for one may look at anybody's objects. */
function idError(call: string, result: number): XdpError {
  const cause = bpfError(call, result);
  if (cause.code !== 'XDP_ERR_PERMISSION') return cause;
  return refusedError(`${call} by id`, ['CAP_SYS_ADMIN'], cause);
}

/**
 * Gives an object a name in a bpffs, which keeps it alive.
 *
 * @throws XDP_ERR_SYSTEM with `errnoName` EEXIST when the name is taken, ENOENT when the directory is not there, EPERM
 *   (XDP_ERR_PERMISSION) when it is not in a bpffs, or has a dot in its name
 */
export function pinObject(fd: number, path: string): void {
  const result = new BpfAttributes().string(0, path).u32(8, fd).call(BPF_OBJ_PIN);
  if (result < 0) throw bpfError(`pinning ${path}`, result);
}

/** The object behind a pin. @throws XDP_ERR_SYSTEM with `errnoName` ENOENT when there is none */
export function openPin(path: string): { readonly kind: ObjectKind; readonly handle: OwnedFd } {
  const result = new BpfAttributes().string(0, path).call(BPF_OBJ_GET);
  if (result < 0) throw bpfError(`opening the pin ${path}`, result);
  const handle = new OwnedFd(result, path);
  const kind = kindOfDescriptor(handle.fd);
  if (kind !== undefined) return { kind, handle };
  handle.close();
  throw new XdpError('XDP_ERR_INTERNAL', `${path} is neither a map nor a program nor a link`);
}

/** The object behind a pin, which has to be of this kind. */
export function openPinOf(kind: ObjectKind, path: string): OwnedFd {
  const pin = openPin(path);
  if (pin.kind === kind) return pin.handle;
  pin.handle.close();
  throw new XdpError('XDP_ERR_USAGE', `${path} is a ${pin.kind}, not a ${kind}`);
}

const KINDS: Readonly<Record<string, ObjectKind>> = { 'bpf-map': 'map', 'bpf-prog': 'program', 'bpf-link': 'link' };

/** Only its name tells what a descriptor of bpf(2) stands for (kernel/bpf/syscall.c, anon_inode_getfd). */
function kindOfDescriptor(fd: number): ObjectKind | undefined {
  const name = readlinkSync(`/proc/thread-self/fd/${fd}`);
  // Links are `bpf_link` in older kernels.
  return KINDS[name.replace('anon_inode:', '').replace('_', '-')];
}

/** The first `size` bytes of what the kernel tells of an object: struct bpf_map_info, bpf_prog_info or bpf_link_info. */
export function objectInfo(fd: number, size: number, fill?: (info: Buffer) => void): Buffer {
  const info = Buffer.alloc(size);
  fill?.(info);
  const result = new BpfAttributes().u32(0, fd).u32(4, size).pointer(8, info).call(BPF_OBJ_GET_INFO_BY_FD);
  if (result < 0) throw bpfError('asking about an object', result);
  return info;
}

/** A name in such a struct: 16 bytes with a zero at their end. */
export function nameIn(info: Buffer, offset: number): string {
  return info.toString('latin1', offset, offset + 16).replace(/\0.*$/s, '');
}
