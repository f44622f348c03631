import { XdpError } from '../sys/index.js';
import { frameBase } from './frame-base.js';

/**
 * The free frames of a UMEM: a stack, so that the frame given back last, which the cache still holds, goes out first. It is
 * in shared memory: the thread that comes after one that ended finds it as that one left it.
 */
export class FramePool {
  readonly memory: Uint8Array;
  /** The free frames' addresses are the first {@link free} entries. For the rings, which move many at once. */
  readonly stack: Uint32Array;
  readonly frameSize: number;
  /** What an address inside a frame is masked with to name the frame; 0 where the frame size is no power of two. */
  readonly chunkMask: number;
  readonly #inverse: number;
  /** Where {@link stack} begins: a byte of the arena. */
  readonly #stackAt: number;
  /** One word: how many are free. */
  readonly #count: Int32Array;

  /**
   * @param frameSize bytes
   * @param memory of {@link FramePool.bytesFor}: a pool's that another thread has left, or zeroes, for a pool that has none of the
   *   UMEM's frames yet
   */
  constructor(frames: number, frameSize: number, memory: Uint8Array) {
    this.frameSize = frameSize;
    this.chunkMask = (frameSize & (frameSize - 1)) === 0 ? ~(frameSize - 1) : 0;
    this.memory = memory;
    this.#count = new Int32Array(memory.buffer, memory.byteOffset, 1);
    this.#stackAt = memory.byteOffset + Int32Array.BYTES_PER_ELEMENT;
    this.stack = new Uint32Array(memory.buffer, this.#stackAt, frames);
    this.#inverse = 1 / frameSize;
  }

  static bytesFor(frames: number): number {
    return Int32Array.BYTES_PER_ELEMENT * (1 + frames);
  }

  /** Puts all frames into an empty pool. */
  fill(): void {
    const { stack, frameSize } = this;
    for (let i = 0; i < stack.length; i++) stack[i] = (stack.length - 1 - i) * frameSize;
    this.#count[0] = stack.length;
  }

  get frames(): number {
    return this.stack.length;
  }

  get free(): number {
    return this.#count[0]!;
  }

  /** Where an entry of {@link stack} stands: a byte of the arena. */
  placeOf(entry: number): number {
    return this.#stackAt + entry * Uint32Array.BYTES_PER_ELEMENT;
  }

  /** The address of a frame's first byte. Call only while {@link free} is above 0. */
  take(): number {
    const free = this.#count[0]!;
    if (free === 0) throw new XdpError('XDP_ERR_FRAME_OWNER', 'a frame was taken from an empty pool');
    this.#count[0] = free - 1;
    return this.stack[free - 1]!;
  }

  /** Gives a frame back. Any address inside it will do. */
  give(address: number): void {
    const free = this.#count[0]!;
    if (free === this.stack.length) throw fullPool();
    const { chunkMask } = this;
    const base = chunkMask === 0 ? frameBase(address, this.frameSize, this.#inverse) : address & chunkMask;
    this.stack[free] = base;
    this.#count[0] = free + 1;
  }

  /** Gives back the frames that the addresses `from` up to `to` are in. */
  giveAll(addresses: Uint32Array, from: number, to: number): void {
    const { stack, chunkMask, frameSize } = this;
    const inverse = this.#inverse;
    const free = this.#count[0]!;
    if (free + to - from > stack.length) throw fullPool();
    for (let i = from, at = free; i < to; i++, at++) {
      const address = addresses[i]!;
      stack[at] = chunkMask === 0 ? frameBase(address, frameSize, inverse) : address & chunkMask;
    }
    this.#count[0] = free + to - from;
  }

  /** Says that the uppermost `count` frames of the stack were taken (negative: put there) by whoever copied them. */
  moved(count: number): void {
    const free = this.free - count;
    if (free < 0 || free > this.stack.length) {
      throw new XdpError('XDP_ERR_FRAME_OWNER', `a pool of ${this.stack.length} frames can't have ${free} free`);
    }
    this.#count[0] = free;
  }

  /** The free frames' addresses; a copy. */
  addresses(): Uint32Array {
    return this.stack.slice(0, this.free);
  }
}

function fullPool(): XdpError {
  return new XdpError('XDP_ERR_FRAME_OWNER', 'a frame was given back to a pool that has all of its frames');
}
