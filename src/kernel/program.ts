import { Errno, OwnedFd, XdpError } from '../sys/index.js';
import { AttachType, BPF_PROG_BIND_MAP, BPF_PROG_LOAD, BpfAttributes, bpfError } from './bpf.js';
import { openById, openPinOf, pinObject } from './object.js';
import { type ProgramInfo, readProgramInfo } from './program-info.js';
import { VerifierError } from './verifier-error.js';

const BPF_PROG_TYPE_XDP = 6;
const BPF_F_XDP_HAS_FRAGS = 1 << 5;
const BPF_F_XDP_DEV_BOUND_ONLY = 1 << 6;
/** BPF_LOG_LEVEL1 | BPF_LOG_STATS: what the verifier did, and what it cost. */
const LOG_LEVEL = 1 | 4;
/** Bytes of log to try, one after the other, while the kernel says that it has more to tell. */
const LOG_SIZES = [1 << 20, 1 << 24, 1 << 27];
/** The verifier gives up when a signal comes, and wants to be asked again. */
const ATTEMPTS = 5;

/** Where an XDP program runs. */
export type ProgramPlace = 'interface' | 'devmap' | 'cpumap';
const ATTACH_TYPES: Readonly<Record<ProgramPlace, number>> = {
  interface: AttachType.xdp,
  devmap: AttachType.xdpDevmap,
  cpumap: AttachType.xdpCpumap,
};

/** Records that tell more of a program (`.BTF.ext` of an object file), as the kernel wants them. */
export interface ProgramRecords {
  /** Bytes of one record. */
  readonly size: number;
  readonly records: Uint8Array;
}

export interface ProgramOptions {
  /** Shown by bpftool; the first 15 characters count. */
  readonly name: string;
  /** Linked instructions, 8 bytes each. */
  readonly instructions: Uint8Array;
  /** Default `Dual MIT/GPL`: helpers marked GPL-only may be called. */
  readonly license?: string | undefined;
  /** Where it is to run: on an interface (default), or in entries of a DEVMAP (Linux 5.8) or CPUMAP (Linux 5.9). */
  readonly attachTo?: ProgramPlace | undefined;
  /** It copes with packets of several fragments (BPF_F_XDP_HAS_FRAGS): for an MTU beyond a page. Linux 5.18. */
  readonly fragments?: boolean | undefined;
  /**
   * Index of the interface it is for, in the namespace of the calling thread: only there may it be attached, and only such
   * a program may call the functions for RX metadata (BPF_F_XDP_DEV_BOUND_ONLY). Linux 6.3.
   */
  readonly boundTo?: number | undefined;
  /** Types, and where functions and source lines are in the instructions (struct bpf_func_info, bpf_line_info). */
  readonly btf?:
    | {
        readonly fd: number;
        readonly functions?: ProgramRecords | undefined;
        readonly lines?: ProgramRecords | undefined;
        /** What depends on the kernel's types (CO-RE, struct bpf_core_relo): the kernel fills it in. Linux 5.17. */
        readonly relocations?: ProgramRecords | undefined;
      }
    | undefined;
  /** Keep the verifier's log of a program that it accepts: 1 for what it did, 2 for each step, + 4 for statistics. */
  readonly logLevel?: number | undefined;
}

/** An XDP program in the kernel. Needs CAP_BPF and CAP_NET_ADMIN. */
export class XdpProgram implements Disposable {
  /** As it was asked for; in the kernel it may be shorter: see {@link info}. */
  readonly name: string;
  /** What the verifier wrote, where `logLevel` asked for it; otherwise empty. */
  readonly log: string;
  readonly #handle: OwnedFd;

  /**
   * Loads a program, or takes one over that is open.
   *
   * @throws VerifierError, XDP_ERR_PERMISSION
   */
  constructor(options: ProgramOptions | OwnedFd) {
    if (options instanceof OwnedFd) {
      this.#handle = options;
      this.name = readProgramInfo(options.fd).name;
      this.log = '';
    } else {
      const { fd, log } = load(options);
      this.#handle = new OwnedFd(fd, `XDP program ${options.name}`);
      this.name = options.name;
      this.log = log;
    }
  }

  /** The program with this id, undefined when there is none. Needs CAP_SYS_ADMIN. */
  static openId(id: number): XdpProgram | undefined {
    return ofXdp(openById('program', id));
  }

  /** @throws XDP_ERR_USAGE when the pin is no XDP program, XDP_ERR_SYSTEM with `errnoName` ENOENT when there is none */
  static openPinned(path: string): XdpProgram {
    return ofXdp(openPinOf('program', path))!;
  }

  get fd(): number {
    return this.#handle.fd;
  }

  get info(): ProgramInfo {
    return readProgramInfo(this.fd);
  }

  /**
   * Hangs a map onto the program that its instructions do not use: it lives as long as the program, and `info.mapIds` has
   * it. Binding a map that it has already does nothing. Linux 5.10.
   */
  bindMap(map: { readonly fd: number }): void {
    const result = new BpfAttributes().u32(0, this.fd).u32(4, map.fd).call(BPF_PROG_BIND_MAP);
    if (result < 0) throw bpfError(`binding a map to the program ${this.name}`, result);
  }

  /** Gives the program a name in a bpffs, which keeps it alive. */
  pin(path: string): void {
    pinObject(this.fd, path);
  }

  /** Idempotent. A link that runs the program, and pins, keep it alive. */
  close(): void {
    this.#handle.close();
  }

  [Symbol.dispose](): void {
    this.close();
  }
}

function ofXdp(handle: OwnedFd | undefined): XdpProgram | undefined {
  if (handle === undefined) return undefined;
  const { type, id } = readProgramInfo(handle.fd);
  if (type === BPF_PROG_TYPE_XDP) return new XdpProgram(handle);
  handle.close();
  throw new XdpError('XDP_ERR_USAGE', `program ${id} is no XDP program (type ${type})`);
}

function load(options: ProgramOptions): { fd: number; log: string } {
  const { name, logLevel = 0 } = options;
  let fd = logLevel === 0 ? attempt(options) : -1;
  if (fd >= 0) return { fd, log: '' };
  if (logLevel === 0 && fd === -Errno.EPERM) throw bpfError(`loading the program ${name}`, fd);
  // Once more, to hear why. The first try spares the log of the usual case.
  let log = '';
  for (const size of LOG_SIZES) {
    const buffer = Buffer.alloc(size);
    fd = attempt(options, buffer);
    log = buffer.toString('utf8', 0, buffer.indexOf(0));
    if (fd !== -Errno.ENOSPC) break;
  }
  if (fd >= 0) return { fd, log: logLevel === 0 ? '' : log };
  const cause = bpfError(`loading the program ${name}`, fd);
  throw fd === -Errno.EPERM ? cause : new VerifierError(name, log, cause);
}

/** @returns a descriptor, or the negated error number */
function attempt(options: ProgramOptions, log?: Uint8Array): number {
  let result = -Errno.EAGAIN;
  for (let i = 0; i < ATTEMPTS && result === -Errno.EAGAIN; i++) {
    const attributes = attributesOf(options);
    if (log)
      attributes
        .u32(24, options.logLevel || LOG_LEVEL)
        .u32(28, log.length)
        .pointer(32, log);
    result = attributes.call(BPF_PROG_LOAD);
  }
  return result;
}

function attributesOf(options: ProgramOptions): BpfAttributes {
  const { name, instructions, license = 'Dual MIT/GPL', attachTo = 'interface', fragments, boundTo, btf } = options;
  const flags = (fragments ? BPF_F_XDP_HAS_FRAGS : 0) | (boundTo ? BPF_F_XDP_DEV_BOUND_ONLY : 0);
  const attributes = new BpfAttributes()
    .u32(0, BPF_PROG_TYPE_XDP)
    .u32(4, instructions.length / 8)
    .pointer(8, instructions)
    .string(16, license)
    .u32(44, flags)
    .name(48, name)
    .u32(64, boundTo ?? 0)
    .u32(68, ATTACH_TYPES[attachTo]);
  if (btf) {
    const { fd, functions, lines, relocations } = btf;
    attributes.u32(72, fd);
    if (functions) {
      const { size, records } = functions;
      attributes
        .u32(76, size)
        .pointer(80, records)
        .u32(88, records.length / size);
    }
    if (lines) {
      const { size, records } = lines;
      attributes
        .u32(92, size)
        .pointer(96, records)
        .u32(104, records.length / size);
    }
    if (relocations) {
      const { size, records } = relocations;
      attributes
        .u32(116, records.length / size)
        .pointer(128, records)
        .u32(136, size);
    }
  }
  return attributes;
}
