import { calls, Errno, SystemError, XdpError } from '../sys/index.js';

/** Commands of bpf(2), attach and program types: include/uapi/linux/bpf.h. */
export const BPF_MAP_CREATE = 0;
export const BPF_MAP_LOOKUP_ELEM = 1;
export const BPF_MAP_UPDATE_ELEM = 2;
export const BPF_MAP_DELETE_ELEM = 3;
export const BPF_MAP_GET_NEXT_KEY = 4;
export const BPF_PROG_LOAD = 5;
export const BPF_PROG_GET_FD_BY_ID = 13;
export const BPF_OBJ_GET_INFO_BY_FD = 15;
export const BPF_LINK_CREATE = 28;
export const BPF_LINK_UPDATE = 29;
export const BPF_LINK_DETACH = 34;

/**
 * The argument of one bpf(2) call, `union bpf_attr`, written field by field. It keeps every buffer that it points to
 * reachable, and by that in its place, until the call is over.
 */
export class BpfAttributes {
  readonly bytes: Uint8Array = new Uint8Array(160);
  readonly #view: DataView = new DataView(this.bytes.buffer);
  readonly #kept: Uint8Array[] = [];

  u32(offset: number, value: number): this {
    this.#view.setUint32(offset, value, true);
    return this;
  }

  u64(offset: number, value: bigint): this {
    this.#view.setBigUint64(offset, value, true);
    return this;
  }

  pointer(offset: number, memory: Uint8Array): this {
    this.#kept.push(memory);
    return this.u64(offset, BigInt(calls.addressOf(memory)));
  }

  /** A name of at most 15 characters; what the kernel would refuse becomes `_`. */
  name(offset: number, name: string): this {
    const clean = name.replace(/[^A-Za-z0-9_.]/g, '_').slice(0, 15);
    this.bytes.set(Buffer.from(clean, 'ascii'), offset);
    return this;
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
  if (result === -Errno.EPERM) {
    return new XdpError('XDP_ERR_PERMISSION', `${call} needs CAP_BPF and CAP_NET_ADMIN`, {
      cause,
      advice: 'run as root, or give the process CAP_BPF, CAP_NET_ADMIN, CAP_NET_RAW and CAP_IPC_LOCK',
    });
  }
  if (result === -Errno.ENOSYS) {
    return new XdpError('XDP_ERR_PLATFORM', 'this kernel has no bpf(2)', { cause });
  }
  return cause;
}
