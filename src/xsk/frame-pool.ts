import { XdpError } from '../sys/index.js';
import { frameBase } from './frame-base.js';

/** The free frames of a UMEM: a stack, so that the frame given back last, which the cache still holds, goes out first. */
export class FramePool {
  /** The free frames' addresses are the first {@link free} entries. For the rings, which move many at once. */
  readonly stack: Uint32Array;
  readonly frameSize: number;
  /** What an address inside a frame is masked with to name the frame; 0 where the frame size is no power of two. */
  readonly chunkMask: number;
  readonly #inverse: number;
  #free: number;

  /** @param frameSize bytes */
  constructor(frames: number, frameSize: number) {
    this.frameSize = frameSize;
    this.chunkMask = (frameSize & (frameSize - 1)) === 0 ? ~(frameSize - 1) : 0;
    this.stack = new Uint32Array(frames);
    this.#inverse = 1 / frameSize;
    this.#free = frames;
    for (let i = 0; i < frames; i++) this.stack[i] = (frames - 1 - i) * frameSize;
  }

  get frames(): number {
    return this.stack.length;
  }

  get free(): number {
    return this.#free;
  }

  /** The address of a frame's first byte. Call only while {@link free} is above 0. */
  take(): number {
    if (this.#free === 0) throw new XdpError('XDP_ERR_FRAME_OWNER', 'a frame was taken from an empty pool');
    return this.stack[--this.#free]!;
  }

  /** Gives a frame back. Any address inside it will do. */
  give(address: number): void {
    if (this.#free === this.stack.length) {
      throw new XdpError('XDP_ERR_FRAME_OWNER', 'a frame was given back to a pool that has all of its frames');
    }
    const { chunkMask } = this;
    const base = chunkMask === 0 ? frameBase(address, this.frameSize, this.#inverse) : address & chunkMask;
    this.stack[this.#free++] = base;
  }

  /** Says that the uppermost `count` frames of the stack were taken (negative: put there) by whoever copied them. */
  moved(count: number): void {
    const free = this.#free - count;
    if (free < 0 || free > this.stack.length) {
      throw new XdpError('XDP_ERR_FRAME_OWNER', `a pool of ${this.stack.length} frames can't have ${free} free`);
    }
    this.#free = free;
  }

  /** The free frames' addresses; a copy. */
  addresses(): Uint32Array {
    return this.stack.slice(0, this.#free);
  }
}
