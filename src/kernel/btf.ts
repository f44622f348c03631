import { OwnedFd, XdpError } from '../sys/index.js';
import { BPF_BTF_LOAD, BpfAttributes, bpfError } from './bpf.js';

const LOG_SIZE = 1 << 16;

/**
 * BTF in the kernel: the types, and the names, that programs and maps refer to (Documentation/bpf/btf.rst). Needs CAP_BPF;
 * Linux 4.18.
 */
export class Btf implements Disposable {
  readonly #handle: OwnedFd;

  /**
   * @param bytes what an object file has in its section `.BTF`
   * @throws XDP_ERR_VERIFIER with the kernel's reason, XDP_ERR_PERMISSION
   */
  constructor(bytes: Uint8Array) {
    const log = Buffer.alloc(LOG_SIZE);
    const load = (level: number) => {
      const attributes = new BpfAttributes().pointer(0, bytes).u32(16, bytes.length);
      if (level > 0) attributes.pointer(8, log).u32(20, log.length).u32(24, level);
      return attributes.call(BPF_BTF_LOAD);
    };
    let fd = load(0);
    if (fd < 0) fd = load(1);
    if (fd < 0) {
      const cause = bpfError('loading BTF', fd);
      if (cause.code === 'XDP_ERR_PERMISSION') throw cause;
      const words = log.toString('utf8', 0, log.indexOf(0)).trim().split('\n').at(-1);
      throw new XdpError('XDP_ERR_VERIFIER', `the kernel refused the BTF: ${words || cause.message}`, { cause });
    }
    this.#handle = new OwnedFd(fd, 'BTF');
  }

  get fd(): number {
    return this.#handle.fd;
  }

  /** Idempotent. Programs and maps made with it keep it alive. */
  close(): void {
    this.#handle.close();
  }

  [Symbol.dispose](): void {
    this.close();
  }
}
