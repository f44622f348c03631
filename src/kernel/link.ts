import { Errno, OwnedFd, XdpError } from '../sys/index.js';
import { BPF_LINK_CREATE, BPF_LINK_DETACH, BPF_LINK_UPDATE, BpfAttributes, bpfError } from './bpf.js';
import type { XdpProgram } from './program.js';

const BPF_XDP = 37;
const XDP_FLAGS_SKB_MODE = 2;
const XDP_FLAGS_DRV_MODE = 4;

/** Where a program runs: in the driver, or in the network core on every driver (slower: it needs an skb). */
export type XdpMode = 'native' | 'generic';

/**
 * A program attached to an interface by a bpf_link: when its last descriptor is closed, however the process ends, the
 * interface belongs to the host again. Needs CAP_NET_ADMIN and CAP_BPF; Linux 5.9.
 */
export class XdpLink implements Disposable {
  readonly mode: XdpMode;
  readonly #handle: OwnedFd;

  private constructor(handle: OwnedFd, mode: XdpMode) {
    this.#handle = handle;
    this.mode = mode;
  }

  /**
   * @param target interface, by index and by the name that errors give
   * @throws XDP_ERR_FOREIGN_PROGRAM when another program is attached (it stays), XDP_ERR_NATIVE_UNSUPPORTED,
   *   XDP_ERR_MTU, XDP_ERR_INTERFACE_GONE, XDP_ERR_PERMISSION
   */
  static attach(program: XdpProgram, target: { index: number; name: string }, mode: XdpMode): XdpLink {
    const result = new BpfAttributes()
      .u32(0, program.fd)
      .u32(4, target.index)
      .u32(8, BPF_XDP)
      .u32(12, mode === 'native' ? XDP_FLAGS_DRV_MODE : XDP_FLAGS_SKB_MODE)
      .call(BPF_LINK_CREATE);
    if (result < 0) throw attachError(target.name, mode, result);
    return new XdpLink(new OwnedFd(result, `XDP link of ${target.name}`), mode);
  }

  get fd(): number {
    return this.#handle.fd;
  }

  /** Puts another program in the place of this one; every packet sees the old or the new. Takes about 12 ms. */
  update(program: XdpProgram): void {
    const result = new BpfAttributes().u32(0, this.fd).u32(4, program.fd).call(BPF_LINK_UPDATE);
    if (result < 0) throw bpfError('replacing a program on its link', result);
  }

  /** Takes the program off the interface and closes the link. Idempotent. */
  close(): void {
    if (this.#handle.isClosed) return;
    // Closing would do it too, but only some moments later. ENOENT: the interface is gone, and the link with it.
    new BpfAttributes().u32(0, this.fd).call(BPF_LINK_DETACH);
    this.#handle.close();
  }

  [Symbol.dispose](): void {
    this.close();
  }
}

function attachError(name: string, mode: XdpMode, result: number): XdpError {
  const cause = bpfError(`attaching to ${name}`, result);
  switch (-result) {
    case Errno.EBUSY:
    case Errno.EEXIST:
      return new XdpError('XDP_ERR_FOREIGN_PROGRAM', `an XDP program is already attached to ${name}`, {
        cause,
        advice: `bpftool net shows it; take it off first (ip link set dev ${name} xdp off)`,
      });
    case Errno.EOPNOTSUPP:
      return new XdpError('XDP_ERR_NATIVE_UNSUPPORTED', `the driver of ${name} has no ${mode} XDP`, {
        cause,
        advice: 'use --mode generic, or --mode auto, which falls back to it',
      });
    case Errno.ERANGE:
      return new XdpError('XDP_ERR_MTU', `the MTU of ${name} or of its peer is too large for ${mode} XDP`, {
        cause,
        advice: `ip link set dev ${name} mtu 1500 (both ends of a veth pair), or use --mode generic`,
      });
    case Errno.ENOSPC:
      // drivers/net/veth.c, veth_xdp_set: a native program needs as many receive queues as the peer has for sending.
      return new XdpError(
        'XDP_ERR_NATIVE_UNSUPPORTED',
        `${name} has fewer receive queues than its veth peer has transmit queues`,
        { cause, advice: `ethtool -L ${name} rx N, with N as large as the peer's tx, or use --mode generic` },
      );
    case Errno.ENODEV:
      return new XdpError('XDP_ERR_INTERFACE_GONE', `${name} went away`, { cause });
    default:
      return cause;
  }
}
