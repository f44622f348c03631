import { Arena, calls, Errno, isErrno, type WasmMemory, XdpError } from '../sys/index.js';
import * as abi from './abi.js';
import { FrameLedger } from './frame-ledger.js';
import { FramePool } from './frame-pool.js';

const PAGE = 4096;

export interface UmemOptions {
  /** How many frames (chunks): 1 up to what fits below 4 GiB. */
  readonly frames: number;
  /**
   * Bytes of a frame: an even number from 2048 (default) to 4096. A size other than these two makes unaligned chunks
   * (XDP_UMEM_UNALIGNED_CHUNK_FLAG), which are for copy mode: they cross pages.
   */
  readonly frameSize?: number;
  /** Bytes kept free before each received frame, on top of the kernel's own 256. Default 0. */
  readonly headroom?: number;
  /**
   * Lets a packet have several fragments, each in a frame (multi-buffer, XDP_USE_SG), on all sockets of this UMEM: for an
   * MTU that no frame holds. Linux 6.6. Default false.
   */
  readonly fragments?: boolean;
  /**
   * Lets packets to be sent ask for a checksum, a timestamp or a time to leave at: see `TxMetadata`. With `software` the
   * kernel computes those checksums itself in copy mode, for tests (XDP_UMEM_TX_SW_CSUM). Linux 6.11. Default false.
   */
  readonly txMetadata?: boolean | 'software';
  /** Where it is: memory that another thread has made, and closes after this one has ended. Default: an arena of its own. */
  readonly memory?: UmemPlace;
  /** Checks every change of a frame's owner. For tests. */
  readonly ledger?: boolean;
}

/** Where a UMEM is, in a form that another thread can be told. */
export interface UmemPlace {
  readonly memory: WasmMemory;
  /** All frames. */
  readonly bytes: Uint8Array;
  readonly frames: number;
  readonly frameSize: number;
  readonly headroom: number;
  readonly fragments: boolean;
  readonly txMetadata: boolean | 'software';
  /** Of the pool, and of the ledger where there is one. */
  readonly pool: Uint8Array;
  readonly ledger: SharedArrayBuffer | undefined;
  /** For what the thread allocates besides. One that others follow should have it: see {@link Arena.of}. */
  readonly room?: Uint8Array | undefined;
}

/**
 * The memory that packets live in, cut into frames of one size, with the pool of those that are free. It may serve
 * sockets on several queues and interfaces, all of one thread. Reference: Documentation/networking/af_xdp.rst, "UMEM".
 */
export class Umem implements Disposable {
  readonly frames: number;
  readonly frameSize: number;
  readonly headroom: number;
  readonly fragments: boolean;
  readonly txMetadata: boolean | 'software';
  /** Whether frames stand at any address, not at multiples of a power of two. */
  readonly unaligned: boolean;
  /** Whether a descriptor is an address and a length, and its other words stay 0: the rings have faster loops then. */
  readonly plain: boolean;
  /** All frames. One long-lived view: a packet is an offset into it. */
  readonly bytes: Uint8Array;
  readonly pool: FramePool;
  readonly ledger: FrameLedger | undefined;
  /** The descriptor that later sockets name to share this UMEM. Set by the first socket. */
  sharedFd: number | undefined;
  /** The memory that its rings and batches are in as well. */
  readonly arena: Arena;

  /** @throws XDP_ERR_USAGE for a size out of range */
  constructor(options: UmemOptions) {
    const { frames, frameSize = 2048, headroom = 0, fragments = false, txMetadata = false } = options;
    const length = frames * frameSize;
    // An odd address comes back from the completion ring without its lowest bit, which would make it the frame before
    // (xsk_skb_destructor_set_addr in net/xdp/xsk.c, Linux 6.18).
    const fits = Number.isInteger(frameSize) && frameSize % 2 === 0 && frameSize >= 2048 && frameSize <= PAGE;
    if (!fits) usage(`a frame has 2048 to 4096 bytes, an even number, not ${frameSize}`);
    if (!Number.isInteger(frames) || frames < 1) usage(`a UMEM has at least one frame, not ${frames}`);
    if (length > 0xffff_ffff) usage(`a UMEM is smaller than 4 GiB; ${frames} frames of ${frameSize} bytes are not`);
    if (!Number.isInteger(headroom) || headroom < 0 || headroom >= frameSize - abi.XDP_PACKET_HEADROOM) {
      usage(`a headroom of ${headroom} bytes leaves no room in a frame of ${frameSize}`);
    }
    this.frames = frames;
    this.frameSize = frameSize;
    this.headroom = headroom;
    this.fragments = fragments;
    this.txMetadata = txMetadata;
    const { memory: place } = options;
    this.arena = place === undefined ? Arena.create() : Arena.of(place.memory, place.room);
    try {
      this.bytes = place?.bytes ?? this.arena.allocatePages(length);
      this.pool = new FramePool(frames, frameSize, place?.pool ?? this.arena.allocate(FramePool.bytesFor(frames)));
    } catch (error) {
      this.close();
      throw error;
    }
    if (place === undefined) this.pool.fill();
    this.unaligned = this.pool.chunkMask === 0;
    this.plain = !this.unaligned && !fragments && txMetadata === false;
    const hasLedger = options.ledger || place?.ledger !== undefined;
    this.ledger = hasLedger ? new FrameLedger(frames, frameSize, place?.ledger) : undefined;
  }

  /** The UMEM that another thread has made, its pool as that thread has left it: only one at a time may use them. */
  static at(place: UmemPlace): Umem {
    const { frames, frameSize, headroom, fragments, txMetadata } = place;
    return new Umem({ frames, frameSize, headroom, fragments, txMetadata, memory: place });
  }

  get place(): UmemPlace {
    const { frames, frameSize, headroom, fragments, txMetadata } = this;
    const { arena, bytes, pool, ledger } = this;
    const shape = { frames, frameSize, headroom, fragments, txMetadata };
    return { memory: arena.memory, bytes, ...shape, pool: pool.memory, ledger: ledger?.memory };
  }

  /** Bytes that a frame holds of a received packet: the whole of it, unless packets have fragments. */
  get capacity(): number {
    return Umem.capacityOf(this.frameSize) - this.headroom;
  }

  /** The same for a frame size, without headroom. */
  static capacityOf(frameSize: number): number {
    return frameSize - abi.XDP_PACKET_HEADROOM;
  }

  /** Bytes that have to stand before each packet that is sent, in its frame. */
  get txMetadataLength(): number {
    return this.txMetadata === false ? 0 : abi.TX_METADATA_SIZE;
  }

  /**
   * Registers the memory with an AF_XDP socket; for the first socket only.
   * @throws XDP_ERR_MEMLOCK when the limit of locked memory is too low and CAP_IPC_LOCK is missing, XDP_ERR_PLATFORM when
   *   the kernel has no TX metadata
   */
  register(fd: number): void {
    // struct xdp_umem_reg {u64 addr; u64 len; u32 chunk_size; u32 headroom; u32 flags; u32 tx_metadata_len;}
    const request = new BigUint64Array(4);
    const words = new Uint32Array(request.buffer);
    request[0] = BigInt(this.arena.addressOf(this.bytes));
    request[1] = BigInt(this.bytes.length);
    words[4] = this.frameSize;
    words[5] = this.headroom;
    words[6] =
      (this.unaligned ? abi.XDP_UMEM_UNALIGNED_CHUNK_FLAG : 0) |
      (this.txMetadata === 'software' ? abi.XDP_UMEM_TX_SW_CSUM : 0) |
      (this.txMetadata === false ? 0 : abi.XDP_UMEM_TX_METADATA_LEN);
    words[7] = this.txMetadataLength;
    try {
      calls.setsockopt(fd, abi.SOL_XDP, abi.XDP_UMEM_REG, request);
    } catch (cause) {
      throw this.#registerError(cause);
    }
    this.sharedFd = fd;
  }

  #registerError(cause: unknown): unknown {
    if (this.txMetadata !== false && isErrno(cause, Errno.EINVAL)) {
      return new XdpError('XDP_ERR_PLATFORM', 'this kernel takes no metadata with a packet to send', {
        cause,
        advice: 'leave TX metadata out, or use Linux 6.11 or later',
      });
    }
    if (!isErrno(cause, Errno.ENOBUFS, Errno.ENOMEM)) return cause;
    const limit = calls.getrlimit(RLIMIT_MEMLOCK).soft;
    return new XdpError(
      'XDP_ERR_MEMLOCK',
      `${this.bytes.length} bytes of packet memory can't be locked: the limit (ulimit -l) is ${limit} bytes`,
      { cause, advice: 'raise the limit (LimitMEMLOCK= in a unit), add CAP_IPC_LOCK, or ask for fewer frames' },
    );
  }

  /** After the last socket is closed. Idempotent. */
  close(): void {
    this.arena.close();
  }

  [Symbol.dispose](): void {
    this.close();
  }
}

const RLIMIT_MEMLOCK = 8;

function usage(message: string): never {
  throw new XdpError('XDP_ERR_USAGE', message);
}
