import { type Bytes, calls, Errno, refusedError, SystemError, XdpError } from '../sys/index.js';

/** Commands of bpf(2): include/uapi/linux/bpf.h. */
export const BPF_MAP_CREATE = 0;
export const BPF_MAP_LOOKUP_ELEM = 1;
export const BPF_MAP_UPDATE_ELEM = 2;
export const BPF_MAP_DELETE_ELEM = 3;
export const BPF_MAP_GET_NEXT_KEY = 4;
export const BPF_PROG_LOAD = 5;
export const BPF_OBJ_PIN = 6;
export const BPF_OBJ_GET = 7;
export const BPF_PROG_TEST_RUN = 10;
export const BPF_PROG_GET_NEXT_ID = 11;
export const BPF_MAP_GET_NEXT_ID = 12;
export const BPF_PROG_GET_FD_BY_ID = 13;
export const BPF_MAP_GET_FD_BY_ID = 14;
export const BPF_OBJ_GET_INFO_BY_FD = 15;
export const BPF_PROG_QUERY = 16;
export const BPF_BTF_LOAD = 18;
export const BPF_MAP_LOOKUP_AND_DELETE_ELEM = 21;
export const BPF_MAP_FREEZE = 22;
export const BPF_MAP_LOOKUP_BATCH = 24;
export const BPF_MAP_LOOKUP_AND_DELETE_BATCH = 25;
export const BPF_MAP_UPDATE_BATCH = 26;
export const BPF_MAP_DELETE_BATCH = 27;
export const BPF_LINK_CREATE = 28;
export const BPF_LINK_UPDATE = 29;
export const BPF_LINK_GET_FD_BY_ID = 30;
export const BPF_LINK_GET_NEXT_ID = 31;
export const BPF_LINK_DETACH = 34;
export const BPF_PROG_BIND_MAP = 35;

/** enum bpf_attach_type, as far as networking has links or queries for them. */
export const AttachType = {
  flowDissector: 17,
  xdpDevmap: 33,
  xdpCpumap: 35,
  skLookup: 36,
  xdp: 37,
  tcxIngress: 46,
  tcxEgress: 47,
  netkitPrimary: 54,
  netkitPeer: 55,
} as const;

/** The kernel's ENOTSUPP: an error number that libc has no name for. */
export const ENOTSUPP = 524;

/**
 * The argument of one bpf(2) call, `union bpf_attr`, written field by field. It keeps every buffer that it points to
 * reachable, and by that in its place, until the call is over.
 */
export class BpfAttributes {
  readonly bytes: Uint8Array = new Uint8Array(160);
  readonly #view: DataView = new DataView(this.bytes.buffer);
  readonly #kept: Bytes[] = [];

  u32(offset: number, value: number): this {
    this.#view.setUint32(offset, value, true);
    return this;
  }

  u64(offset: number, value: bigint): this {
    this.#view.setBigUint64(offset, value, true);
    return this;
  }

  pointer(offset: number, memory: Bytes): this {
    this.#kept.push(memory);
    return this.u64(offset, BigInt(calls.addressOf(memory)));
  }

  /** Text that ends with a zero byte. */
  string(offset: number, text: string): this {
    return this.pointer(offset, Buffer.from(`${text}\0`, 'utf8'));
  }

  /** A name of at most 15 characters; what the kernel would refuse becomes `_`. */
  name(offset: number, name: string): this {
    const clean = name.replace(/[^A-Za-z0-9_.]/g, '_').slice(0, 15);
    this.bytes.set(Buffer.from(clean, 'ascii'), offset);
    return this;
  }

  /** What the kernel has written there. */
  readU32(offset: number): number {
    return this.#view.getUint32(offset, true);
  }

  /** @returns the call's result, or the negated error number */
  call(command: number): number {
    const result = calls.bpf(command, this.bytes);
    this.#kept.length = 0;
    return result;
  }
}

/** The error for a bpf(2) call that failed: missing privilege and missing memory in plain words, the rest as it is. */
export function bpfError(call: string, result: number): XdpError {
  const cause = new SystemError(call, -result);
  if (result === -Errno.EPERM) return refusedError(call, ['CAP_BPF', 'CAP_NET_ADMIN'], cause);
  if (result === -Errno.ENOSYS) {
    return new XdpError('XDP_ERR_PLATFORM', 'this kernel has no bpf(2)', { cause });
  }
  if (result === -ENOTSUPP) {
    return new XdpError('XDP_ERR_PLATFORM', `this kernel has no way of ${call}`, { cause });
  }
  return cause;
}
