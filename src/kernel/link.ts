import { Errno, OwnedFd, XdpError } from '../sys/index.js';
import { AttachType, BPF_LINK_CREATE, BPF_LINK_DETACH, BPF_LINK_UPDATE, BpfAttributes, bpfError } from './bpf.js';
import { type LinkInfo, readLinkInfo } from './link-info.js';
import { openById, openPinOf, pinObject } from './object.js';
import type { XdpProgram } from './program.js';

const XDP_FLAGS_SKB_MODE = 2;
const XDP_FLAGS_DRV_MODE = 4;
const BPF_F_REPLACE = 4;

/** Where a program runs: in the driver, or in the network core on every driver (slower: it needs an skb). */
export type XdpMode = 'native' | 'generic';

/** A link of any kind that somebody has made: opened by its id or its pin. Closing it does not detach anything. */
export class BpfLink implements Disposable {
  readonly #handle: OwnedFd;

  constructor(handle: OwnedFd) {
    this.#handle = handle;
  }

  /** The link with this id, undefined when there is none. Needs CAP_SYS_ADMIN; Linux 5.8. */
  static openId(id: number): BpfLink | undefined {
    const handle = openById('link', id);
    return handle && new BpfLink(handle);
  }

  /** @throws XDP_ERR_USAGE when the pin is no link, XDP_ERR_SYSTEM with `errnoName` ENOENT when there is none */
  static openPinned(path: string): BpfLink {
    return new BpfLink(openPinOf('link', path));
  }

  get fd(): number {
    return this.#handle.fd;
  }

  get isClosed(): boolean {
    return this.#handle.isClosed;
  }

  get info(): LinkInfo {
    return readLinkInfo(this.fd);
  }

  /**
   * Puts another program in the place of the one that is there; every packet sees the old or the new. Takes about 12 ms.
   *
   * @param expected replace only this one
   * @throws XDP_ERR_FOREIGN_PROGRAM when it is another, XDP_ERR_INTERFACE_GONE when the link is detached
   */
  update(program: XdpProgram, expected?: XdpProgram): void {
    const attributes = new BpfAttributes().u32(0, this.fd).u32(4, program.fd);
    if (expected !== undefined) attributes.u32(8, BPF_F_REPLACE).u32(12, expected.fd);
    const result = attributes.call(BPF_LINK_UPDATE);
    if (result < 0) throw updateError(result, expected !== undefined);
  }

  /** Takes the program off, whoever else holds the link: it stays, attached to nothing. Idempotent. Linux 5.9. */
  detach(): void {
    const result = new BpfAttributes().u32(0, this.fd).call(BPF_LINK_DETACH);
    // ENOENT and ENOLINK: the interface is gone, and the link with it.
    if (result < 0 && result !== -Errno.ENOENT && result !== -Errno.ENOLINK) throw bpfError('detaching a link', result);
  }

  /** Gives the link a name in a bpffs, which keeps it alive, and its program attached. */
  pin(path: string): void {
    pinObject(this.fd, path);
  }

  /** Idempotent. */
  close(): void {
    this.#handle.close();
  }

  [Symbol.dispose](): void {
    this.close();
  }
}

/**
 * A program that we have attached to an interface. It is held by this link: when its last descriptor is closed, however
 * the process ends, the interface belongs to the host again. Once it is pinned it is installed: it stays when this is closed.
 * Needs CAP_NET_ADMIN and CAP_BPF; Linux 5.9.
 */
export class XdpLink extends BpfLink {
  readonly mode: XdpMode;
  #pinned = false;

  private constructor(handle: OwnedFd, mode: XdpMode) {
    super(handle);
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
      .u32(8, AttachType.xdp)
      .u32(12, mode === 'native' ? XDP_FLAGS_DRV_MODE : XDP_FLAGS_SKB_MODE)
      .call(BPF_LINK_CREATE);
    if (result < 0) throw attachError(target.name, mode, result);
    return new XdpLink(new OwnedFd(result, `XDP link of ${target.name}`), mode);
  }

  override pin(path: string): void {
    super.pin(path);
    this.#pinned = true;
  }

  /** Takes the program off the interface, unless the link was pinned, and closes the link. Idempotent. */
  override close(): void {
    // Closing would do it too, but only some moments later.
    if (!this.isClosed && !this.#pinned) this.detach();
    super.close();
  }
}

function updateError(result: number, conditional: boolean): XdpError {
  const cause = bpfError('replacing a program on its link', result);
  // net/core/dev.c, bpf_xdp_link_update
  if (result === -Errno.EPERM && conditional) {
    return new XdpError('XDP_ERR_FOREIGN_PROGRAM', 'the link has another program than the one to be replaced', {
      cause,
    });
  }
  if (result === -Errno.ENOLINK) {
    return new XdpError('XDP_ERR_INTERFACE_GONE', 'the link is detached, or its interface went away', { cause });
  }
  return cause;
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
