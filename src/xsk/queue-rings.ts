import { AddressConsumer, AddressProducer } from './address-ring.js';
import { FrameOwner } from './frame-ledger.js';
import type { RingMemory } from './ring.js';
import type { Umem } from './umem.js';

/** Memory for what is counted at a queue's rings: so that the next thread at them can go on. */
export function ringCounts(): SharedArrayBuffer {
  return new SharedArrayBuffer(4 * Float64Array.BYTES_PER_ELEMENT);
}

/**
 * The fill and completion ring of one (device, queue) pair. They belong to one thread; every socket of the queue takes
 * its frames from this fill ring and has them back through this completion ring.
 */
export class QueueRings {
  readonly umem: Umem;
  readonly fill: AddressProducer;
  readonly completion: AddressConsumer;
  /** Four numbers, in shared memory: see the accessors. */
  readonly #counts: Float64Array;

  /** @param counts what another thread that had these rings has counted; default: nothing yet */
  constructor(umem: Umem, fill: RingMemory, completion: RingMemory, counts: SharedArrayBuffer = ringCounts()) {
    this.umem = umem;
    this.#counts = new Float64Array(counts);
    this.fill = new AddressProducer(fill);
    this.completion = new AddressConsumer(completion);
  }

  /** Frames ever put into the fill ring. */
  get filled(): number {
    return this.#counts[0]!;
  }

  set filled(frames: number) {
    this.#counts[0] = frames;
  }

  /** Frames ever received. */
  get received(): number {
    return this.#counts[1]!;
  }

  set received(frames: number) {
    this.#counts[1] = frames;
  }

  /** Frames ever transmitted. */
  get transmitted(): number {
    return this.#counts[2]!;
  }

  set transmitted(frames: number) {
    this.#counts[2] = frames;
  }

  /** Frames ever returned by the completion ring. */
  get completed(): number {
    return this.#counts[3]!;
  }

  set completed(frames: number) {
    this.#counts[3] = frames;
  }

  /** Frames that wait for packets: in the fill ring or with the kernel. */
  get inFill(): number {
    return this.filled - this.received;
  }

  /** Frames on their way out: in a TX ring, with the kernel, or in the completion ring. */
  get inTx(): number {
    return this.transmitted - this.completed;
  }

  /** Moves up to `max` free frames into the fill ring. @returns how many it moved */
  refill(max: number): number {
    const { pool, ledger } = this.umem;
    const { fill } = this;
    const count = fill.reserve(Math.min(max, pool.free));
    if (count === 0) return 0;
    const from = pool.free - count;
    fill.write(pool.placeOf(from), count);
    // Not the ring's before they have left the pool: a thread that ends in between loses frames, but doubles none.
    pool.moved(count);
    fill.submit(count);
    this.filled += count;
    ledger?.moveAll(pool.stack, from, count, FrameOwner.free, FrameOwner.fill);
    return count;
  }

  /**
   * Moves up to `max` frames that `from` has transmitted straight into this fill ring: what {@link reap} and
   * {@link refill} do, in one pass. Not with a ledger, which wants to see each step.
   * @returns how many it moved
   */
  recycle(from: QueueRings, max: number): number {
    const { completion } = from;
    const { fill } = this;
    const count = fill.reserve(completion.peek(max));
    if (count === 0) return 0;
    const { chunkMask, frameSize } = this.umem.pool;
    if (chunkMask === 0) fill.passUnaligned(completion, count, frameSize);
    else fill.pass(completion, count, chunkMask);
    completion.release(count);
    from.completed += count;
    fill.submit(count);
    this.filled += count;
    return count;
  }

  /** Moves up to `max` transmitted frames from the completion ring back into the pool. @returns how many it moved */
  reap(max: number): number {
    const { pool, ledger } = this.umem;
    const { completion } = this;
    const count = completion.peek(max);
    if (count === 0) return 0;
    const to = pool.free;
    const { chunkMask, frameSize } = pool;
    if (chunkMask === 0) completion.readUnaligned(pool.stack, to, count, frameSize);
    else completion.read(pool.placeOf(to), count, chunkMask);
    completion.release(count);
    pool.moved(-count);
    this.completed += count;
    ledger?.moveAll(pool.stack, to, count, FrameOwner.tx, FrameOwner.free);
    return count;
  }

  /**
   * The same, and hands the address of each packet that was sent to `visit` first: what the NIC has noted down for it
   * (`TxMetadata`) is there until the frame is used again. A packet of several frames is visited at each of them.
   */
  reapEach(max: number, visit: (address: number) => void): number {
    const count = this.completion.peek(max);
    for (let i = 0; i < count; i++) visit(this.completion.address(i));
    return this.reap(count);
  }
}
