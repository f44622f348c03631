import type { FramePlan } from './frame-plan.js';
import { FrameWriter } from './frame-writer.js';
import type { ReplayReader } from './replay-reader.js';

/** Where a sender has its frames from, one after the other. */
export interface FrameSource {
  /** There is no frame any more. */
  readonly ended: boolean;
  /** What ended it before its time: for whoever has sent the frames before. */
  readonly failure?: unknown;
  /** Frames left out because they were too long. */
  readonly skipped: number;
  /**
   * Writes up to `count` frames, one at each address, and their lengths.
   *
   * @param time nanoseconds of CLOCK_MONOTONIC, to be written into frames that measure
   * @param elapsed nanoseconds since sending began: frames with a time of their own that is later are not due yet
   * @returns how many
   */
  write(addresses: Uint32Array, lengths: Uint32Array, count: number, time: number, elapsed: number): number;
  /** Nanoseconds after the beginning at which the next frame is due; 0 for frames without a time of their own. */
  readonly due: number;
}

export interface DescribedOptions {
  readonly plan: FramePlan;
  /** The UMEM; nobody else writes to it. */
  readonly bytes: Uint8Array;
  readonly frameSize: number;
  /** The first frame, and from one to the next. */
  readonly first: number;
  readonly stride: number;
  /** How many. */
  readonly count: number;
}

/** Frames of a plan. */
export class DescribedSource implements FrameSource {
  readonly skipped = 0;
  readonly due = 0;
  readonly #writer: FrameWriter;
  readonly #stride: number;
  /** The length of every frame, once all of the memory is full of this one frame; 0 for frames that differ. */
  #constant = 0;
  #next: number;
  #left: number;

  constructor({ plan, bytes, frameSize, first, stride, count }: DescribedOptions) {
    this.#writer = new FrameWriter(plan, bytes, { stride, slot: frameSize });
    this.#stride = stride;
    this.#next = first;
    this.#left = count;
    if (!this.#writer.isConstant || plan.templates.length > 1) return;
    for (let at = 0; at < bytes.length; at += frameSize) this.#constant = this.#writer.write(first, at);
  }

  get ended(): boolean {
    return this.#left === 0;
  }

  write(addresses: Uint32Array, lengths: Uint32Array, count: number, time: number): number {
    const some = Math.min(count, this.#left);
    if (this.#constant > 0) lengths.fill(this.#constant, 0, some);
    else this.#writer.writeBatch(this.#next, addresses, lengths, some, time);
    this.#next += some * this.#stride;
    this.#left -= some;
    return some;
  }
}

/** Frames of a capture file. */
export class ReplayedSource implements FrameSource {
  skipped = 0;
  failure: unknown;
  readonly #reader: ReplayReader;
  readonly #bytes: Uint8Array;
  readonly #longest: number;
  readonly #timed: boolean;
  #left: number;

  /**
   * @param longest bytes that a frame may have; longer ones are left out
   * @param timed whether frames wait for the time they were captured at
   * @throws as {@link ReplayReader.next}, for the first frame
   */
  constructor(reader: ReplayReader, bytes: Uint8Array, longest: number, count: number, timed: boolean) {
    this.#reader = reader;
    this.#bytes = bytes;
    this.#longest = longest;
    this.#timed = timed;
    this.#left = count;
    this.#advance();
    if (this.failure !== undefined) throw this.failure;
  }

  get ended(): boolean {
    return this.#left === 0;
  }

  get due(): number {
    return this.#timed ? this.#reader.elapsed : 0;
  }

  write(addresses: Uint32Array, lengths: Uint32Array, count: number, _time: number, elapsed: number): number {
    let done = 0;
    for (; done < count && this.#left > 0 && this.due <= elapsed; done++) {
      const { bytes, offset, length } = this.#reader.frame;
      this.#bytes.set(bytes.subarray(offset, offset + length), addresses[done]);
      lengths[done] = length;
      this.#left--;
      this.#advance();
    }
    return done;
  }

  /** To the next frame that can be sent, or to the end. The frames before a damaged one may still be on their way. */
  #advance(): void {
    try {
      while (this.#left > 0) {
        if (!this.#reader.next()) this.#left = 0;
        else {
          const { length } = this.#reader.frame;
          if (length >= SHORTEST && length <= this.#longest) return;
          this.skipped++;
        }
      }
    } catch (error) {
      this.failure = error;
      this.#left = 0;
    }
  }
}

/** An Ethernet header: the kernel sends nothing shorter. */
const SHORTEST = 14;
