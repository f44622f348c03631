import { calls, Errno, isErrno, OwnedFd, refusedError, XdpError } from '../sys/index.js';
import * as abi from './abi.js';
import type { BoundSocketOptions } from './bound-socket-options.js';

const SOCK_RAW_CLOEXEC = 3 | 0o2000000;

/** @throws XDP_ERR_PERMISSION, XDP_ERR_PLATFORM */
export function openFamily(what: string): OwnedFd {
  try {
    return new OwnedFd(calls.socket(abi.AF_XDP, SOCK_RAW_CLOEXEC, 0), what);
  } catch (cause) {
    if (isErrno(cause, Errno.EPERM)) throw refusedError('an AF_XDP socket', ['CAP_NET_RAW'], cause);
    if (isErrno(cause, Errno.EAFNOSUPPORT)) {
      throw new XdpError('XDP_ERR_PLATFORM', 'this kernel has no AF_XDP sockets', {
        cause,
        advice: 'use a kernel built with CONFIG_XDP_SOCKETS',
      });
    }
    throw cause;
  }
}

/**
 * Whether this kernel's AF_XDP sockets take packets of several fragments: Linux 6.6. Needs CAP_NET_RAW.
 *
 * @throws XDP_ERR_PERMISSION, XDP_ERR_PLATFORM
 */
export function hasFragments(): boolean {
  using socket = openFamily('AF_XDP socket that asks for fragments');
  try {
    calls.bind(socket.fd, addressOf(abi.XDP_USE_SG, 0, 0, 0));
    return true;
  } catch (cause) {
    // xsk_bind looks at the flags first, and then for interface 0.
    return !isErrno(cause, Errno.EINVAL);
  }
}

/** Binds a socket whose rings are made. @throws as `BoundSocket.open` */
export function bindSocket(fd: number, options: BoundSocketOptions): void {
  const { umem, queue, patience = 2000 } = options;
  const { index } = options.interface;
  const shared = options.besideFd ?? (umem.sharedFd === fd ? undefined : umem.sharedFd);
  // Flags beside XDP_SHARED_UMEM are refused (EINVAL): the first socket's hold.
  const flags = shared === undefined ? ownFlags(options) : abi.XDP_SHARED_UMEM;
  const address = addressOf(flags, index, queue, shared ?? 0);
  const start = performance.now();
  for (let wait = 1; ; wait = Math.min(wait * 2, 50)) {
    try {
      calls.bind(fd, address);
      return;
    } catch (cause) {
      // A socket is unbound some moments after it was closed (an RCU grace period later), whoever closed it.
      const busy = isErrno(cause, Errno.EBUSY);
      if (!busy || performance.now() - start > patience) {
        // The first socket of a UMEM decides for all (net/xdp/xsk_buff_pool.c, xp_assign_dev_shared).
        const forced = options.zeroCopy === 'on' || (shared !== undefined && gotZeroCopy(shared));
        throw bindError(cause, options, forced);
      }
    }
    Atomics.wait(clockwork, 0, 0, wait);
  }
}
const clockwork = new Int32Array(new SharedArrayBuffer(4));

function ownFlags({ umem, zeroCopy = 'auto', needWakeup = true }: BoundSocketOptions): number {
  // A driver takes a frame that crosses a page only where the next page lies behind it (xp_check_unaligned in
  // net/xdp/xsk_buff_pool.c), and passes over it without a word.
  const mode = zeroCopy === 'auto' && umem.unaligned ? 'off' : zeroCopy;
  return (
    { auto: 0, on: abi.XDP_ZEROCOPY, off: abi.XDP_COPY }[mode] |
    (needWakeup ? abi.XDP_USE_NEED_WAKEUP : 0) |
    (umem.fragments ? abi.XDP_USE_SG : 0)
  );
}

/** struct sockaddr_xdp {u16 family; u16 flags; u32 ifindex; u32 queue_id; u32 shared_umem_fd;} */
function addressOf(flags: number, index: number, queue: number, shared: number): Uint32Array {
  return new Uint32Array([abi.AF_XDP | (flags << 16), index, queue, shared]);
}

/** @param forced whether only zero-copy would have done */
function bindError(cause: unknown, options: BoundSocketOptions, forced: boolean): unknown {
  const { queue, umem } = options;
  const { name } = options.interface;
  if (isErrno(cause, Errno.EBUSY)) {
    return new XdpError('XDP_ERR_QUEUE_TAKEN', `queue ${queue} of ${name} is held by another AF_XDP socket`, {
      cause,
      advice: 'end the other program (ss --xdp -p names it), or choose another queue',
    });
  }
  if (isErrno(cause, Errno.ENETDOWN)) {
    return new XdpError('XDP_ERR_INTERFACE_DOWN', `${name} is down`, { cause, advice: `ip link set ${name} up` });
  }
  if (isErrno(cause, Errno.ENODEV)) {
    return new XdpError('XDP_ERR_INTERFACE_GONE', `${name} went away`, { cause });
  }
  if (forced && isErrno(cause, Errno.EOPNOTSUPP, Errno.EINVAL, Errno.ENOENT)) {
    const what = umem.fragments ? 'zero-copy AF_XDP, or none for packets of several fragments' : 'zero-copy AF_XDP';
    return new XdpError('XDP_ERR_ZEROCOPY_UNSUPPORTED', `the driver of ${name} has no ${what}`, {
      cause,
      advice: 'use --zero-copy auto, which falls back to copy mode',
    });
  }
  if (isErrno(cause, Errno.EINVAL)) {
    return new XdpError('XDP_ERR_NO_QUEUE', `${name} has no queue ${queue} that an AF_XDP socket can bind to`, {
      cause,
      advice: `see how many it has: ethtool -l ${name}`,
    });
  }
  return cause;
}

export function gotZeroCopy(fd: number): boolean {
  const options = new Uint32Array(1);
  calls.getsockopt(fd, abi.SOL_XDP, abi.XDP_OPTIONS, options);
  return (options[0]! & abi.XDP_OPTIONS_ZEROCOPY) !== 0;
}

/** Refuses what would bind, and not work. @throws XDP_ERR_PLATFORM, XDP_ERR_USAGE */
export function checkUmem({ umem, zeroCopy }: Pick<BoundSocketOptions, 'umem' | 'zeroCopy'>, first: boolean): void {
  if (umem.unaligned && zeroCopy === 'on') {
    throw new XdpError('XDP_ERR_USAGE', `frames of ${umem.frameSize} bytes cross pages, so zero-copy can't use them`, {
      advice: 'use frames of 2048 or 4096 bytes, or copy mode',
    });
  }
  if (first && umem.fragments && !hasFragments()) {
    throw new XdpError('XDP_ERR_PLATFORM', 'AF_XDP sockets of this kernel take no packets of several fragments', {
      advice: 'use Linux 6.6 or later, or an MTU that a frame holds',
    });
  }
}
