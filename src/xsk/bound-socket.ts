import { calls, Errno, isErrno, Mapping, OwnedFd, XdpError } from '../sys/index.js';
import * as abi from './abi.js';
import { ADDRESS_WORDS, DESCRIPTOR_WORDS, type RingMemory } from './ring.js';
import type { Umem } from './umem.js';

/** `auto` takes zero-copy where the driver has it, and copy mode elsewhere. */
export type ZeroCopy = 'auto' | 'on' | 'off';

export interface BoundSocketOptions {
  readonly umem: Umem;
  /** The interface, by index and by the name that errors give. */
  readonly interface: { readonly index: number; readonly name: string };
  readonly queue: number;
  /** The descriptor of the first socket of this queue, when this one shall use its fill and completion ring too. */
  readonly besideFd?: number | undefined;
  /** Entries of each ring, powers of two. Default 2048; 0 leaves RX or TX out. */
  readonly rxSize?: number;
  readonly txSize?: number;
  readonly fillSize?: number;
  readonly completionSize?: number;
  /**
   * Frames that one call into the kernel sends in copy mode, from 32 to `txSize` (XDP_MAX_TX_SKB_BUDGET, Linux 6.17).
   * Default `txSize`; an older kernel sends 32.
   */
  readonly txBudget?: number | undefined;
  /** Default `auto`. A UMEM is zero-copy for all of its sockets or for none; the first one decides. */
  readonly zeroCopy?: ZeroCopy | undefined;
  /** Spare calls while the driver is awake (XDP_USE_NEED_WAKEUP). Default true. */
  readonly needWakeup?: boolean;
  /** Milliseconds to wait for a queue that a dying socket still holds. Default 2000. */
  readonly patience?: number;
}

/** Where a ring is mapped, in a form that another thread can be told: {@link RingMemory} with an address for its words. */
export interface RingPlace extends Omit<RingMemory, 'words'> {
  readonly address: number;
  /** Bytes of the mapping. */
  readonly length: number;
}

/** A socket and its rings, in a form that another thread can be told. */
export interface SocketPlace {
  readonly fd: number;
  readonly queue: number;
  readonly zeroCopy: boolean;
  /** Whether the kernel tells what it took out of the TX ring only when it has taken all: before Linux 6.17. */
  readonly tellsLate: boolean;
  readonly rx: RingPlace | undefined;
  readonly tx: RingPlace | undefined;
  /** Undefined for a later socket of its queue. */
  readonly fill: RingPlace | undefined;
  readonly completion: RingPlace | undefined;
}

const SOCK_RAW_CLOEXEC = 3 | 0o2000000;

/**
 * An AF_XDP socket bound to a queue, and its mapped rings: what has to be given back to the kernel. Whoever opens it owns
 * it; the rings may be driven by another thread ({@link joinXskSocket}), which has to end first.
 */
export class BoundSocket implements Disposable {
  readonly place: SocketPlace;
  readonly #handle: OwnedFd;
  readonly #mappings: readonly Mapping[];
  readonly #umem: Umem;

  private constructor(place: SocketPlace, handle: OwnedFd, mappings: readonly Mapping[], umem: Umem) {
    this.place = place;
    this.#handle = handle;
    this.#mappings = mappings;
    this.#umem = umem;
  }

  /**
   * Synchronous: it may wait `patience` for the queue. Needs CAP_NET_RAW; Linux 5.10 or later
   * (Documentation/networking/af_xdp.rst).
   *
   * @throws XDP_ERR_PERMISSION, XDP_ERR_MEMLOCK, XDP_ERR_QUEUE_TAKEN, XDP_ERR_NO_QUEUE, XDP_ERR_INTERFACE_DOWN (in
   *   zero-copy mode only), XDP_ERR_ZEROCOPY_UNSUPPORTED, XDP_ERR_PLATFORM
   */
  static open(options: BoundSocketOptions): BoundSocket {
    const { umem, queue, besideFd, rxSize = 2048, txSize = 2048, fillSize = 2048, completionSize = 2048 } = options;
    const handle = openFamily(`AF_XDP socket of ${options.interface.name} queue ${queue}`);
    const mappings: Mapping[] = [];
    try {
      const { fd } = handle;
      if (umem.sharedFd === undefined) umem.register(fd);
      const own = besideFd === undefined;
      setSize(fd, abi.XDP_UMEM_FILL_RING, own ? fillSize : 0);
      setSize(fd, abi.XDP_UMEM_COMPLETION_RING, own ? completionSize : 0);
      setSize(fd, abi.XDP_RX_RING, rxSize);
      setSize(fd, abi.XDP_TX_RING, txSize);
      // Linux 6.17 brought the budget, and a consumer's index that is told after each call.
      const tellsLate =
        txSize >= abi.TX_BATCH_SIZE && !setBudget(fd, options.txBudget ?? txSize, options.txBudget !== undefined);

      // struct xdp_mmap_offsets: rx, tx, fill, completion, each {u64 producer, consumer, desc, flags}.
      const offsets = new BigUint64Array(16);
      calls.getsockopt(fd, abi.SOL_XDP, abi.XDP_MMAP_OFFSETS, offsets);
      const ring = (which: number, page: number, size: number, entryWords: number): RingPlace | undefined => {
        if (size === 0) return undefined;
        const word = (field: number) => Number(offsets[which * 4 + field]) / 4;
        const descriptors = word(2);
        const mapping = Mapping.ofFd(fd, (descriptors + size * entryWords) * 4, page);
        mappings.push(mapping);
        const { address, length } = mapping;
        return { address, length, size, producer: word(0), consumer: word(1), descriptors, flags: word(3) };
      };
      const rings = {
        rx: ring(0, abi.XDP_PGOFF_RX_RING, rxSize, DESCRIPTOR_WORDS),
        tx: ring(1, abi.XDP_PGOFF_TX_RING, txSize, DESCRIPTOR_WORDS),
        fill: ring(2, abi.XDP_UMEM_PGOFF_FILL_RING, own ? fillSize : 0, ADDRESS_WORDS),
        completion: ring(3, abi.XDP_UMEM_PGOFF_COMPLETION_RING, own ? completionSize : 0, ADDRESS_WORDS),
      };
      bind(fd, options);
      return new BoundSocket({ fd, queue, zeroCopy: gotZeroCopy(fd), tellsLate, ...rings }, handle, mappings, umem);
    } catch (error) {
      release(handle, mappings, umem);
      throw error;
    }
  }

  /** The descriptor. @throws XDP_ERR_CLOSED after {@link close} */
  get fd(): number {
    return this.#handle.fd;
  }

  /** The memory of one of its rings, for the thread that opened it. */
  memoryOf(ring: RingPlace): ArrayBuffer {
    const mapping = this.#mappings.find(({ address }) => address === ring.address);
    if (mapping === undefined) throw new XdpError('XDP_ERR_INTERNAL', 'a ring of another socket was asked for');
    return mapping.buffer;
  }

  /** Idempotent. No thread may be at the rings any more. */
  close(): void {
    release(this.#handle, this.#mappings, this.#umem);
  }

  [Symbol.dispose](): void {
    this.close();
  }
}

function release(handle: OwnedFd, mappings: readonly Mapping[], umem: Umem): void {
  if (handle.isClosed) return;
  // The rings first: as long as they are mapped, the socket lives, and with it its hold on the queue.
  for (const mapping of mappings) mapping.close();
  if (umem.sharedFd === handle.fd) umem.sharedFd = undefined;
  handle.close();
}

function setSize(fd: number, option: number, entries: number): void {
  if (entries > 0) calls.setsockopt(fd, abi.SOL_XDP, option, new Uint32Array([entries]));
}

/** @param asked whether somebody relies on it. @returns whether the kernel has budgets */
function setBudget(fd: number, frames: number, asked: boolean): boolean {
  try {
    calls.setsockopt(fd, abi.SOL_XDP, abi.XDP_MAX_TX_SKB_BUDGET, new Uint32Array([frames]));
    return true;
  } catch (cause) {
    if (isErrno(cause, Errno.EACCES)) {
      throw new XdpError(
        'XDP_ERR_USAGE',
        `a TX budget of ${frames} frames is not between 32 and the size of the TX ring`,
        {
          cause,
        },
      );
    }
    if (!isErrno(cause, Errno.ENOPROTOOPT)) throw cause;
    if (!asked) return false;
    throw new XdpError('XDP_ERR_PLATFORM', 'this kernel lets nobody choose how many frames a call sends', {
      cause,
      advice: 'leave the TX budget out, or use Linux 6.17 or later',
    });
  }
}

function openFamily(what: string): OwnedFd {
  try {
    return new OwnedFd(calls.socket(abi.AF_XDP, SOCK_RAW_CLOEXEC, 0), what);
  } catch (cause) {
    if (isErrno(cause, Errno.EPERM)) {
      throw new XdpError('XDP_ERR_PERMISSION', 'an AF_XDP socket needs CAP_NET_RAW', {
        cause,
        advice: 'run as root, or give the process CAP_NET_RAW, CAP_NET_ADMIN, CAP_BPF and CAP_IPC_LOCK',
      });
    }
    if (isErrno(cause, Errno.EAFNOSUPPORT)) {
      throw new XdpError('XDP_ERR_PLATFORM', 'this kernel has no AF_XDP sockets', {
        cause,
        advice: 'use a kernel built with CONFIG_XDP_SOCKETS',
      });
    }
    throw cause;
  }
}

function bind(fd: number, options: BoundSocketOptions): void {
  const { umem, queue, zeroCopy = 'auto', needWakeup = true, patience = 2000 } = options;
  const { index, name } = options.interface;
  const shared = options.besideFd ?? (umem.sharedFd === fd ? undefined : umem.sharedFd);
  const mode = zeroCopy === 'on' ? abi.XDP_ZEROCOPY : zeroCopy === 'off' ? abi.XDP_COPY : 0;
  // Flags beside XDP_SHARED_UMEM are refused (EINVAL): the first socket's hold.
  const flags = shared === undefined ? mode | (needWakeup ? abi.XDP_USE_NEED_WAKEUP : 0) : abi.XDP_SHARED_UMEM;
  // struct sockaddr_xdp {u16 family; u16 flags; u32 ifindex; u32 queue_id; u32 shared_umem_fd;}
  const address = new Uint32Array([abi.AF_XDP | (flags << 16), index, queue, shared ?? 0]);
  const start = performance.now();
  for (let wait = 1; ; wait = Math.min(wait * 2, 50)) {
    try {
      calls.bind(fd, address);
      return;
    } catch (cause) {
      // A socket is unbound some moments after it was closed (an RCU grace period later), whoever closed it.
      const busy = isErrno(cause, Errno.EBUSY);
      if (busy && performance.now() - start <= patience) {
        Atomics.wait(clockwork, 0, 0, wait);
        continue;
      }
      // The first socket of a UMEM decides for all (net/xdp/xsk_buff_pool.c, xp_assign_dev_shared).
      const forced = zeroCopy === 'on' || (shared !== undefined && gotZeroCopy(shared));
      throw bindError(cause, name, queue, forced);
    }
  }
}
const clockwork = new Int32Array(new SharedArrayBuffer(4));

/** @param forced whether only zero-copy would have done */
function bindError(cause: unknown, name: string, queue: number, forced: boolean): unknown {
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
    return new XdpError('XDP_ERR_ZEROCOPY_UNSUPPORTED', `the driver of ${name} has no zero-copy AF_XDP`, {
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

function gotZeroCopy(fd: number): boolean {
  const options = new Uint32Array(1);
  calls.getsockopt(fd, abi.SOL_XDP, abi.XDP_OPTIONS, options);
  return (options[0]! & abi.XDP_OPTIONS_ZEROCOPY) !== 0;
}
