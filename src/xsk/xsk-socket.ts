import { Errno, XdpError } from '../sys/index.js';
import { XDP_PKT_CONTD } from './abi.js';
import type { Batch } from './batch.js';
import { DescriptorConsumer, DescriptorProducer } from './descriptor-ring.js';
import { FrameOwner } from './frame-ledger.js';
import type { QueueRings } from './queue-rings.js';
import type { RingMemory } from './ring.js';

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
  /** Asks it to look at the fill ring, and with busy polling, for packets. @returns as {@link kick} */
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
  readonly busyPoll: boolean;
  /** Whether the kernel tells what it took out of the TX ring only when it has taken all. Default false. */
  readonly tellsLate?: boolean | undefined;
  readonly maxFragments: number;
}

/** TX_BATCH_SIZE of net/xdp/xsk.c in the oldest kernels: the fewest frames that a call sends in copy mode, if it can. */
const SENT_AT_LEAST = 16;

/**
 * Entries of a TX ring that stay empty where packets have fragments: as many as a packet may have. A call that ends with
 * its budget ends in the middle of a packet, and says that its first fragments were taken; when the device then is busy, the
 * kernel reads them again (xskq_cons_cancel_n in net/xdp/xsk.c).
 */
const SPARE = 17;

/** A socket of the AF_XDP family: an RX ring, a TX ring or both, on one queue. Belongs to one thread. */
export class XskSocket implements Disposable {
  readonly rings: QueueRings;
  readonly rx: DescriptorConsumer | undefined;
  readonly tx: DescriptorProducer | undefined;
  readonly queue: number;
  /** Whether the driver works in the UMEM itself. */
  readonly zeroCopy: boolean;
  /** Whether {@link wakeRx} and {@link flush} do the driver's work for this queue: call them whenever nothing came in. */
  readonly busyPoll: boolean;
  /** Fragments that a packet to be transmitted may have: with more, the kernel tears it. */
  readonly maxFragments: number;
  /** Calls made to have frames transmitted. */
  kicks = 0;
  /** The packets that the last {@link passTo} moved, and their bytes. */
  passedPackets = 0;
  passedBytes = 0;
  /** Bytes of what the last {@link receive} and the last {@link transmit} took. */
  receivedBytes = 0;
  transmittedBytes = 0;
  /** Packets thrown away because they had more fragments than the batch that {@link receive} was given. */
  oversized = 0;
  readonly #peer: RingPeer;
  readonly #tellsLate: boolean;
  readonly #plain: boolean;
  /** The UMEM's. */
  readonly #bytes: Uint8Array;
  /** Entries that have to stay empty in the TX ring. */
  readonly #spare: number;
  /** What comes next in the RX ring is the rest of a packet that was thrown away. */
  #tearing = false;
  #closed = false;

  constructor(parts: XskSocketParts) {
    const { umem } = parts.rings;
    this.rings = parts.rings;
    this.rx = parts.rx && new DescriptorConsumer(parts.rx);
    this.tx = parts.tx && new DescriptorProducer(parts.tx);
    this.queue = parts.queue;
    this.zeroCopy = parts.zeroCopy;
    this.busyPoll = parts.busyPoll;
    this.maxFragments = parts.maxFragments;
    this.#peer = parts.peer;
    this.#tellsLate = parts.tellsLate ?? false;
    this.#plain = umem.plain;
    this.#bytes = umem.bytes;
    this.#spare = umem.fragments ? SPARE : 0;
  }

  /** The descriptor, for an XSKMAP or for polling; -1 for the in-memory twin. */
  get fd(): number {
    return this.#peer.fd;
  }

  /**
   * Fills the batch with packets out of the RX ring, as many whole ones as it has room for. Their frames are the caller's
   * now: each must be transmitted, or given back to the pool.
   * @returns how many frames there are: the batch's count
   * @throws XDP_ERR_USAGE for a batch of another UMEM
   */
  receive(batch: Batch): number {
    const { rx } = this;
    if (batch.bytes !== this.#bytes) throw foreignBatch();
    batch.count = 0;
    batch.hasMarks = false;
    if (rx === undefined) return 0;
    let count = rx.peek(batch.capacity);
    if (count === 0) return 0;
    if (this.#plain) this.receivedBytes = rx.take(batch.places.addresses, batch.places.lengths, count);
    else {
      count = this.#readWhole(rx, batch, count);
      if (count === 0) return 0;
      this.receivedBytes = bytesOf(batch, 0, count);
      rx.release(count);
    }
    batch.count = count;
    this.rings.received += count;
    this.rings.umem.ledger?.moveAll(batch.addresses, 0, count, FrameOwner.fill, FrameOwner.application);
    return count;
  }

  /**
   * Puts frames `from` up to `from + count` of a batch into the TX ring, as many as it has room for, and of a packet with
   * several fragments all or none; {@link flush} sends them. They come back by the completion ring.
   * @returns how many it took; the others are still the caller's
   * @throws XDP_ERR_USAGE for a batch of another UMEM
   */
  transmit(batch: Batch, from: number, count: number): number {
    const { tx } = this;
    if (batch.bytes !== this.#bytes) throw foreignBatch();
    this.transmittedBytes = 0;
    if (tx === undefined) return 0;
    const room = tx.reserve(count + this.#spare) - this.#spare;
    let taken = Math.min(count, room);
    if (this.#plain) {
      if (taken === 0) return 0;
      const { addresses, lengths } = batch.places;
      this.transmittedBytes = tx.put(addresses + (from << 2), lengths + (from << 2), taken);
    } else {
      while (taken > 0 && (batch.options[from + taken - 1]! & XDP_PKT_CONTD) !== 0) taken--;
      if (taken <= 0) return 0;
      tx.writeWhole(batch.addresses, batch.lengths, batch.options, from, taken);
      this.transmittedBytes = bytesOf(batch, from, taken);
      tx.submit(taken);
    }
    this.rings.transmitted += taken;
    this.rings.umem.ledger?.moveAll(batch.addresses, from, taken, FrameOwner.application, FrameOwner.tx);
    return taken;
  }

  /**
   * Moves up to `max` frames of whole packets straight from the RX ring into the TX ring of another socket of this UMEM:
   * what {@link receive} and {@link transmit} do, in one pass, for packets that nobody wants to look at. All or nothing:
   * {@link flush} the other socket then.
   * @returns how many frames it moved; 0 when none came in, the TX ring has no room for all of them, or one of the packets has
   *   more fragments than the other socket may send
   */
  passTo(out: XskSocket, max: number): number {
    const { rx } = this;
    const { tx } = out;
    if (rx === undefined || tx === undefined) return 0;
    if (!this.#plain) return this.#passWhole(rx, out, tx, max);
    const count = rx.peek(max);
    if (count === 0 || tx.reserve(count) < count) return 0;
    this.passedBytes = tx.pass(rx, count);
    this.passedPackets = count;
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
    while (pending > 0 && (this.busyPoll || tx.needsWakeup())) {
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

  /** Calls the kernel if it waits for frames in the fill ring, or to be polled. */
  wakeRx(): void {
    if (this.busyPoll || this.rings.fill.needsWakeup()) this.#peer.wakeRx();
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

  #passWhole(rx: DescriptorConsumer, out: XskSocket, tx: DescriptorProducer, max: number): number {
    const count = this.#tearing ? 0 : rx.whole(rx.peek(max));
    const room = count + this.#spare;
    if (count === 0 || tx.reserve(room) < room) return 0;
    this.passedBytes = tx.passWhole(rx, count);
    this.passedPackets = tx.packets;
    // What was written is not handed over then.
    if (tx.longest > out.maxFragments) return 0;
    // In this order: a thread that ends in between loses packets, but doubles none.
    rx.release(count);
    this.rings.received += count;
    tx.submit(count);
    out.rings.transmitted += count;
    return count;
  }

  /** @returns how many of `ready` entries make whole packets, and are in the batch now */
  #readWhole(rx: DescriptorConsumer, batch: Batch, ready: number): number {
    const count = this.#tearing ? 0 : rx.whole(ready);
    if (count > 0) rx.readWhole(batch.addresses, batch.lengths, batch.options, count);
    else if (ready === batch.capacity || this.#tearing) this.#discard(rx);
    return count;
  }

  /** Throws away the first packet of the RX ring, as far as it has come in: no batch holds it. */
  #discard(rx: DescriptorConsumer): void {
    let ready = rx.peek(rx.size);
    const { pool, ledger } = this.rings.umem;
    do {
      const address = rx.address(0);
      this.#tearing = (rx.options(0) & XDP_PKT_CONTD) !== 0;
      rx.release(1);
      this.rings.received++;
      ledger?.move(address, FrameOwner.fill, FrameOwner.free);
      pool.give(address);
    } while (this.#tearing && --ready > 0);
    if (!this.#tearing) this.oversized++;
  }
}

/** The loops would take its offsets for places in another memory. */
function foreignBatch(): XdpError {
  return new XdpError('XDP_ERR_USAGE', 'the batch belongs to another UMEM than the socket');
}

/** Bytes in `count` frames of a batch, from the frame `from` on. */
function bytesOf({ lengths }: Batch, from: number, count: number): number {
  let bytes = 0;
  for (let i = from; i < from + count; i++) bytes += lengths[i]!;
  return bytes;
}
