import { Errno } from '../sys/index.js';
import type { Batch } from './batch.js';
import { FrameOwner } from './frame-ledger.js';
import type { QueueRings } from './queue-rings.js';
import { DescriptorConsumer, DescriptorProducer, type RingMemory } from './ring.js';

/** What the kernel counts for one socket: `struct xdp_statistics`. */
export interface XskStatistics {
  /** Frames lost for another reason than a full RX ring (too long for a chunk, for one). */
  readonly rxDropped: number;
  readonly rxInvalidDescriptors: number;
  readonly txInvalidDescriptors: number;
  readonly rxRingFull: number;
  readonly rxFillRingEmpty: number;
  readonly txRingEmpty: number;
}

/** The other side of a socket's rings: the kernel, or its in-memory twin. */
export interface RingPeer {
  /** Readable when packets wait; -1 when there is nothing to poll. */
  readonly fd: number;
  /** Asks for transmission. @returns 0, or a negative number when it stopped before the end of the TX ring */
  kick(): number;
  /** Why the last kick stopped: a negated error number. EAGAIN says that there is more to send. */
  lastError(): number;
  /** Asks it to look at the fill ring. @returns as {@link kick} */
  wakeRx(): number;
  statistics(): XskStatistics;
  /** Idempotent. */
  close(): void;
}

export interface XskSocketParts {
  readonly rings: QueueRings;
  readonly rx: RingMemory | undefined;
  readonly tx: RingMemory | undefined;
  readonly peer: RingPeer;
  readonly queue: number;
  readonly zeroCopy: boolean;
  /** Whether the kernel tells what it took out of the TX ring only when it has taken all. Default false. */
  readonly tellsLate?: boolean | undefined;
}

/** TX_BATCH_SIZE of net/xdp/xsk.c in the oldest kernels: the fewest frames that a call sends in copy mode, if it can. */
const SENT_AT_LEAST = 16;

/** A socket of the AF_XDP family: an RX ring, a TX ring or both, on one queue. Belongs to one thread. */
export class XskSocket implements Disposable {
  readonly rings: QueueRings;
  readonly rx: DescriptorConsumer | undefined;
  readonly tx: DescriptorProducer | undefined;
  readonly queue: number;
  /** Whether the driver works in the UMEM itself. */
  readonly zeroCopy: boolean;
  /** Calls made to have frames transmitted. */
  kicks = 0;
  /** Bytes of the packets that the last {@link passTo} moved. */
  passedBytes = 0;
  readonly #peer: RingPeer;
  readonly #tellsLate: boolean;
  #closed = false;

  constructor(parts: XskSocketParts) {
    this.rings = parts.rings;
    this.rx = parts.rx && new DescriptorConsumer(parts.rx);
    this.tx = parts.tx && new DescriptorProducer(parts.tx);
    this.queue = parts.queue;
    this.zeroCopy = parts.zeroCopy;
    this.#peer = parts.peer;
    this.#tellsLate = parts.tellsLate ?? false;
  }

  /** The descriptor, for an XSKMAP or for polling; -1 for the in-memory twin. */
  get fd(): number {
    return this.#peer.fd;
  }

  /**
   * Fills the batch with packets out of the RX ring, as many as it has room for. Their frames are the caller's now: each
   * must be transmitted, or given back to the pool.
   * @returns how many there are: the batch's count
   */
  receive(batch: Batch): number {
    const { rx } = this;
    batch.count = 0;
    if (rx === undefined) return 0;
    const count = rx.peek(batch.capacity);
    if (count === 0) return 0;
    rx.read(batch.addresses, batch.lengths, count);
    rx.release(count);
    batch.count = count;
    this.rings.received += count;
    this.rings.umem.ledger?.moveAll(batch.addresses, 0, count, FrameOwner.fill, FrameOwner.application);
    return count;
  }

  /**
   * Puts packets `from` up to `from + count` of a batch into the TX ring, as many as it has room for; {@link flush}
   * sends them. Their frames come back by the completion ring.
   * @returns how many it took; the frames of the others are still the caller's
   */
  transmit(batch: Batch, from: number, count: number): number {
    const { tx } = this;
    if (tx === undefined) return 0;
    const taken = tx.reserve(count);
    if (taken === 0) return 0;
    tx.write(batch.addresses, batch.lengths, from, taken);
    tx.submit(taken);
    this.rings.transmitted += taken;
    this.rings.umem.ledger?.moveAll(batch.addresses, from, taken, FrameOwner.application, FrameOwner.tx);
    return taken;
  }

  /**
   * Moves up to `max` packets straight from the RX ring into the TX ring of another socket of this UMEM: what
   * {@link receive} and {@link transmit} do, in one pass, for packets that nobody wants to look at. All or nothing:
   * {@link flush} the other socket then.
   * @returns how many it moved; 0 when none came in, or the TX ring has no room for all of them
   */
  passTo(out: XskSocket, max: number): number {
    const { rx } = this;
    const { tx } = out;
    if (rx === undefined || tx === undefined) return 0;
    const count = rx.peek(max);
    if (count === 0 || tx.reserve(count) < count) return 0;
    this.passedBytes = tx.pass(rx, count);
    tx.submit(count);
    rx.release(count);
    this.rings.received += count;
    out.rings.transmitted += count;
    return count;
  }

  /**
   * Has the kernel take what stands in the TX ring. In copy mode a call ends with EAGAIN after as many frames as the
   * socket's TX budget (`max_tx_budget`, net/xdp/xsk.c), and with EBUSY after one that the device dropped: so it is called
   * again as long as it gets on. Before Linux 6.17 that can't be seen: then as often as it takes to send all.
   * @returns 0, or the negated error number that ended it: EAGAIN when the device takes no more for now
   */
  flush(): number {
    const { tx } = this;
    if (tx === undefined) return 0;
    let pending = tx.pending();
    let unseen = this.#tellsLate ? Math.ceil(pending / SENT_AT_LEAST) : 1;
    while (pending > 0 && tx.needsWakeup()) {
      const result = this.#peer.kick();
      this.kicks++;
      const before = pending;
      pending = tx.pending();
      if (pending !== before) continue;
      const error = result < 0 ? this.#peer.lastError() : 0;
      if (error !== -Errno.EAGAIN || --unseen <= 0) return error;
    }
    return 0;
  }

  /** Calls the kernel if it waits for frames in the fill ring. */
  wakeRx(): void {
    if (this.rings.fill.needsWakeup()) this.#peer.wakeRx();
  }

  statistics(): XskStatistics {
    return this.#peer.statistics();
  }

  get isClosed(): boolean {
    return this.#closed;
  }

  /** Frames still in its rings stay counted as theirs. Idempotent. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#peer.close();
  }

  [Symbol.dispose](): void {
    this.close();
  }
}
