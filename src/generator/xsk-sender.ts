import { Errno, errnoName, XdpError } from '../sys/index.js';
import { Batch, FrameOwner, type Umem, type XskSocket } from '../xsk/index.js';
import { monotonicNow } from './clock.js';
import type { FrameSource } from './frame-source.js';
import type { Pacer } from './pacer.js';
import { SendSlot } from './send-counters.js';

export interface XskSenderOptions {
  readonly umem: Umem;
  readonly socket: XskSocket;
  readonly source: FrameSource;
  readonly pacer: Pacer;
  /** Frames sent with one call. */
  readonly batch: number;
  /** Its row of counters. */
  readonly counters: Float64Array;
}

/** Errors of a call that say "not now" (net/xdp/xsk.c). */
const BUSY = new Set([Errno.EAGAIN, Errno.EBUSY, Errno.ENOBUFS]);

/** Sends frames through one AF_XDP socket, turn by turn. */
export class XskSender {
  readonly #options: XskSenderOptions;
  readonly #batch: Batch;
  #start = 0;
  #finishing = false;

  constructor(options: XskSenderOptions) {
    this.#options = options;
    this.#batch = new Batch(options.umem, options.batch);
  }

  /** Whether all frames are out, and their memory is back. */
  get done(): boolean {
    const { source, socket } = this.#options;
    return (this.#finishing || source.ended) && socket.rings.inTx === 0;
  }

  /** Takes no more frames from the source: {@link turn} now only waits for those that are on their way. */
  finish(): void {
    this.#finishing = true;
  }

  /** Call once, before the first turn. */
  start(): void {
    const { pacer, counters } = this.#options;
    this.#start = performance.now();
    pacer.start(this.#start);
    counters[SendSlot.began] = monotonicNow();
  }

  /**
   * Sends what may go now, and counts what has gone.
   *
   * @returns how many frames it sent; 0 when none was due, or the device takes none
   * @throws XDP_ERR_INTERFACE_DOWN, XDP_ERR_INTERFACE_GONE
   */
  turn(): number {
    const { umem, socket, source, pacer, counters } = this.#options;
    const batch = this.#batch;
    this.#reap();
    const now = performance.now();
    // A frame may be back before its entry of the TX ring is: older kernels tell late what they took (net/xdp/xsk.c).
    const room = socket.tx?.reserve(Math.min(umem.pool.free, batch.capacity)) ?? 0;
    const count = Math.min(pacer.allowed(now), room);
    let written = 0;
    if (count >= 1 && !source.ended && !this.#finishing) {
      for (let i = 0; i < count; i++) batch.addresses[i] = umem.pool.take();
      const elapsed = (now - this.#start) * 1e6;
      written = source.write(batch.addresses, batch.lengths, count, monotonicNow(), elapsed);
      umem.pool.giveAll(batch.addresses, written, count);
      umem.ledger?.moveAll(batch.addresses, 0, written, FrameOwner.free, FrameOwner.application);
      socket.transmit(batch, 0, written);
      let bytes = 0;
      for (let i = 0; i < written; i++) bytes += batch.lengths[i]!;
      counters[SendSlot.bytes]! += bytes;
      pacer.spent(written, bytes);
    }
    if (socket.rings.inTx > 0) this.#flush();
    counters[SendSlot.calls] = socket.kicks;
    counters[SendSlot.skipped] = source.skipped;
    return written;
  }

  /** After the last turn. @throws what ended the source before its time */
  end(): void {
    const { failure } = this.#options.source;
    if (failure !== undefined) throw failure;
  }

  /** When the next frame is due: milliseconds of performance.now(). */
  get next(): number {
    const { source, pacer } = this.#options;
    return Math.max(pacer.next(), this.#start + source.due / 1e6);
  }

  #reap(): void {
    const { socket, counters } = this.#options;
    const { rings } = socket;
    if (rings.inTx === 0) return;
    const count = rings.reap(rings.umem.frames);
    if (count === 0) return;
    counters[SendSlot.frames]! += count;
    counters[SendSlot.ended] = monotonicNow();
  }

  #flush(): void {
    const { socket, counters } = this.#options;
    const result = socket.flush();
    if (result === 0) return;
    counters[SendSlot.stalls]!++;
    if (BUSY.has(-result)) return;
    if (result === -Errno.ENETDOWN) throw new XdpError('XDP_ERR_INTERFACE_DOWN', 'the interface was set down');
    throw new XdpError('XDP_ERR_INTERFACE_GONE', `the interface takes no frames any more (${errnoName(-result)})`);
  }
}
