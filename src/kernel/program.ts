import { Errno, OwnedFd, XdpError } from '../sys/index.js';
import { BPF_OBJ_GET_INFO_BY_FD, BPF_PROG_GET_FD_BY_ID, BPF_PROG_LOAD, BpfAttributes, bpfError } from './bpf.js';

const BPF_PROG_TYPE_XDP = 6;
const BPF_XDP = 37;
/** BPF_LOG_LEVEL1 | BPF_LOG_STATS: what the verifier did, and what it cost. */
const LOG_LEVEL = 1 | 4;
const LOG_SIZE = 1 << 20;

/** The kernel refused a program. The message shows the verifier's last words; `log` has all of them. */
export class VerifierError extends XdpError {
  override readonly name: string = 'VerifierError';
  readonly log: string;

  constructor(program: string, log: string, cause: XdpError) {
    super('XDP_ERR_VERIFIER', `the kernel refused the program ${program}: ${lastWords(log)}`, { cause });
    this.log = log;
  }
}

/** The lines that tell why, without the statistics that follow them. */
function lastWords(log: string): string {
  const lines = log
    .split('\n')
    .filter((line) => line !== '' && !/^(processed |verification time|stack depth)/.test(line));
  return lines.length === 0 ? 'without a word' : lines.slice(-3).join('\n  ');
}

export interface ProgramOptions {
  /** Shown by bpftool; the first 15 characters count. */
  readonly name: string;
  /** Linked instructions, 8 bytes each. */
  readonly instructions: Uint8Array;
  /** Default `Dual MIT/GPL`: helpers marked GPL-only may be called. */
  readonly license?: string;
}

/** An XDP program in the kernel. Needs CAP_BPF and CAP_NET_ADMIN. */
export class XdpProgram implements Disposable {
  readonly name: string;
  readonly #handle: OwnedFd;

  /** @throws VerifierError, XDP_ERR_PERMISSION */
  constructor(options: ProgramOptions) {
    const { name, instructions, license = 'Dual MIT/GPL' } = options;
    this.name = name;
    const load = (log?: Uint8Array) => {
      const attributes = new BpfAttributes()
        .u32(0, BPF_PROG_TYPE_XDP)
        .u32(4, instructions.length / 8)
        .pointer(8, instructions)
        .pointer(16, Buffer.from(`${license}\0`, 'ascii'))
        .name(48, name)
        .u32(68, BPF_XDP);
      if (log) attributes.u32(24, LOG_LEVEL).u32(28, log.length).pointer(32, log);
      return attributes.call(BPF_PROG_LOAD);
    };
    let fd = load();
    if (fd < 0 && fd !== -Errno.EPERM) {
      // Once more, to hear why. The first try spares the log of the usual case.
      const log = Buffer.alloc(LOG_SIZE);
      fd = load(log);
      if (fd < 0) {
        const text = log.subarray(0, log.indexOf(0)).toString('utf8');
        throw new VerifierError(name, text, bpfError(`loading the program ${name}`, fd));
      }
    }
    if (fd < 0) throw bpfError(`loading the program ${name}`, fd);
    this.#handle = new OwnedFd(fd, `XDP program ${name}`);
  }

  get fd(): number {
    return this.#handle.fd;
  }

  get info(): ProgramInfo {
    return readInfo(this.fd);
  }

  /** Idempotent. A link keeps the program alive. */
  close(): void {
    this.#handle.close();
  }

  [Symbol.dispose](): void {
    this.close();
  }
}

export interface ProgramInfo {
  readonly id: number;
  readonly name: string;
  /** Hash of the instructions, as bpftool prints it. */
  readonly tag: string;
}

/**
 * What the kernel says of a program by its id. Needs CAP_SYS_ADMIN (BPF_PROG_GET_FD_BY_ID).
 * @returns undefined when it is gone, or may not be looked at
 */
export function programInfo(id: number): ProgramInfo | undefined {
  const fd = new BpfAttributes().u32(0, id).call(BPF_PROG_GET_FD_BY_ID);
  if (fd < 0) return undefined;
  using handle = new OwnedFd(fd, `program ${id}`);
  return readInfo(handle.fd);
}

function readInfo(fd: number): ProgramInfo {
  // struct bpf_prog_info: u32 type, u32 id, u8 tag[8], u32 jited_len, u32 xlated_len, u64 jited, u64 xlated,
  // u64 load_time, u32 created_by_uid, u32 nr_map_ids, u64 map_ids, char name[16] at 64.
  const info = Buffer.alloc(232);
  const result = new BpfAttributes().u32(0, fd).u32(4, info.length).pointer(8, info).call(BPF_OBJ_GET_INFO_BY_FD);
  if (result < 0) throw bpfError('asking about a program', result);
  const name = info.subarray(64, 80);
  const end = name.indexOf(0);
  return {
    id: info.readUInt32LE(4),
    tag: info.subarray(8, 16).toString('hex'),
    name: name.toString('ascii', 0, end < 0 ? 16 : end),
  };
}
