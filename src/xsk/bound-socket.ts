import { calls, Errno, isErrno, type OwnedFd, XdpError } from '../sys/index.js';
import * as abi from './abi.js';
import { ADDRESS_WORDS } from './address-ring.js';
import { bindSocket, checkUmem, gotZeroCopy, openFamily } from './bind-socket.js';
import type { BoundSocketOptions } from './bound-socket-options.js';
import { preferBusyPoll } from './busy-poll.js';
import { DESCRIPTOR_WORDS } from './descriptor-ring.js';
import { ringCounts } from './queue-rings.js';
import type { RingMemory } from './ring.js';
import type { Umem } from './umem.js';

/** Where a ring is mapped, in a form that another thread can be told. */
export interface RingPlace extends Omit<RingMemory, 'words' | 'loops'> {
  /** All of it, in the UMEM's arena. */
  readonly bytes: Uint8Array;
}

/** A socket and its rings, in a form that another thread can be told. */
export interface SocketPlace {
  readonly fd: number;
  readonly queue: number;
  readonly zeroCopy: boolean;
  /** Whether its calls drive the driver. */
  readonly busyPoll: boolean;
  /** Whether the kernel tells what it took out of the TX ring only when it has taken all: before Linux 6.17. */
  readonly tellsLate: boolean;
  /** Fragments that a packet to be sent may have. */
  readonly maxFragments: number;
  readonly rx: RingPlace | undefined;
  readonly tx: RingPlace | undefined;
  /** Undefined for a later socket of its queue. */
  readonly fill: RingPlace | undefined;
  readonly completion: RingPlace | undefined;
  /** Of {@link QueueRings}. */
  readonly counts: SharedArrayBuffer;
}

/**
 * Fragments of a packet that copy mode sends as one skb: CONFIG_MAX_SKB_FRAGS, at least 17. Most drivers take one more; where
 * the driver has IFF_TX_SKB_NO_LINEAR (virtio_net), every page counts, and an unaligned frame lies in two. A longer packet is
 * dropped; and kernels before "xsk: fix buffer leak in xsk_drop_skb() for AF_XDP multi-buffer Tx" (2026) keep its first
 * frames for good, and send its rest as a packet.
 */
const SKB_FRAGMENTS = 17;

/**
 * An AF_XDP socket bound to a queue, and its mapped rings: what has to be given back to the kernel. Whoever opens it owns
 * it; the rings may be driven by another thread ({@link joinXskSocket}), which has to end first.
 */
export class BoundSocket implements Disposable {
  readonly place: SocketPlace;
  readonly #handle: OwnedFd;
  readonly #mappings: readonly Uint8Array[];
  readonly #umem: Umem;

  private constructor(place: SocketPlace, handle: OwnedFd, mappings: readonly Uint8Array[], umem: Umem) {
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
   *   zero-copy mode only), XDP_ERR_ZEROCOPY_UNSUPPORTED, XDP_ERR_PLATFORM, XDP_ERR_USAGE
   */
  static open(options: BoundSocketOptions): BoundSocket {
    const { umem, queue, besideFd, rxSize = 2048, txSize = 2048, fillSize = 2048, completionSize = 2048 } = options;
    const handle = openFamily(`AF_XDP socket of ${options.interface.name} queue ${queue}`);
    const mappings: Uint8Array[] = [];
    try {
      const { fd } = handle;
      checkUmem(options, umem.sharedFd === undefined);
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
        const bytes = umem.arena.map(fd, (descriptors + size * entryWords) * 4, page);
        mappings.push(bytes);
        return { bytes, size, producer: word(0), consumer: word(1), descriptors, flags: word(3) };
      };
      const rings = {
        rx: ring(0, abi.XDP_PGOFF_RX_RING, rxSize, DESCRIPTOR_WORDS),
        tx: ring(1, abi.XDP_PGOFF_TX_RING, txSize, DESCRIPTOR_WORDS),
        fill: ring(2, abi.XDP_UMEM_PGOFF_FILL_RING, own ? fillSize : 0, ADDRESS_WORDS),
        completion: ring(3, abi.XDP_UMEM_PGOFF_COMPLETION_RING, own ? completionSize : 0, ADDRESS_WORDS),
      };
      const busyPoll = options.busyPoll !== undefined;
      if (options.busyPoll !== undefined) preferBusyPoll(fd, options.busyPoll);
      bindSocket(fd, options);
      const zeroCopy = gotZeroCopy(fd);
      const maxFragments = fragmentLimit(options, zeroCopy);
      return new BoundSocket(
        { fd, queue, zeroCopy, busyPoll, tellsLate, maxFragments, ...rings, counts: ringCounts() },
        handle,
        mappings,
        umem,
      );
    } catch (error) {
      release(handle, mappings, umem);
      throw error;
    }
  }

  /** The descriptor. @throws XDP_ERR_CLOSED after {@link close} */
  get fd(): number {
    return this.#handle.fd;
  }

  /** Idempotent. No thread may be at the rings any more. */
  close(): void {
    release(this.#handle, this.#mappings, this.#umem);
  }

  [Symbol.dispose](): void {
    this.close();
  }
}

function release(handle: OwnedFd, mappings: readonly Uint8Array[], umem: Umem): void {
  if (handle.isClosed) return;
  // The rings first: as long as they are mapped, the socket lives, and with it its hold on the queue.
  for (const bytes of mappings) umem.arena.unmap(bytes);
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
        { cause },
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

function fragmentLimit(options: BoundSocketOptions, zeroCopy: boolean): number {
  const { umem, zeroCopySegments = 1, mostFragments = SKB_FRAGMENTS } = options;
  if (!umem.fragments) return 1;
  if (zeroCopy) return Math.min(zeroCopySegments, mostFragments);
  return Math.min(umem.unaligned ? SKB_FRAGMENTS >> 1 : SKB_FRAGMENTS, mostFragments);
}
