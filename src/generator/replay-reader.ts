import { closeSync, openSync, readSync } from 'node:fs';
import { XdpError } from '../sys/index.js';
import { type CapturedFrame, CaptureReader } from '../wire/index.js';
import { usage } from './usage.js';

/** Bytes read at a time. */
const PIECE = 1 << 20;

/** The frames of a capture file, one after the other, without holding the file: for a thread that may wait for a disk. */
export class ReplayReader implements Disposable {
  /** The frame that {@link next} stands at: good until it is called again. */
  frame: Readonly<CapturedFrame>;
  /** When the frame is due: nanoseconds after the first one of the first round. A round begins as the last one ends. */
  elapsed = 0;
  readonly #file: string;
  readonly #loops: number;
  /** The reader may hold on to the one that it was given last. */
  #pieces: readonly [Uint8Array, Uint8Array] = [new Uint8Array(PIECE), new Uint8Array(PIECE)];
  #fd: number;
  #reader = new CaptureReader();
  #rounds = 0;
  #frames = 0;
  /** Of the first frame of the file, and of the round in nanoseconds. */
  #firstSeconds = 0;
  #firstNanoseconds = 0;
  #roundStart = 0;

  /**
   * @param loops how often the file is read; Infinity is allowed
   * @throws XDP_ERR_USAGE when it can't be opened
   */
  constructor(file: string, loops = 1) {
    this.#file = file;
    this.#loops = loops;
    this.#fd = open(file);
    this.frame = this.#reader.frame;
  }

  /**
   * Moves on to the next frame.
   *
   * @returns false at the end
   * @throws XDP_ERR_CAPTURE when the file is damaged, or holds no frames; XDP_ERR_USAGE when it can't be read
   */
  next(): boolean {
    while (!this.#reader.next()) {
      const piece = this.#read();
      if (piece.length > 0) {
        this.#reader.push(piece);
        continue;
      }
      this.#reader.end();
      if (this.#frames === 0) throw new XdpError('XDP_ERR_CAPTURE', `${this.#file} holds no frames`);
      if (++this.#rounds >= this.#loops) return false;
      this.#rewind();
    }
    const { seconds, nanoseconds } = this.frame;
    if (this.#frames++ === 0) {
      this.#firstSeconds = seconds;
      this.#firstNanoseconds = nanoseconds;
    }
    const since = (seconds - this.#firstSeconds) * 1e9 + (nanoseconds - this.#firstNanoseconds);
    // Frames may stand out of order in a capture; time doesn't go back for them.
    this.elapsed = Math.max(this.elapsed, this.#roundStart + since);
    return true;
  }

  /** Idempotent. */
  close(): void {
    if (this.#fd >= 0) closeSync(this.#fd);
    this.#fd = -1;
  }

  [Symbol.dispose](): void {
    this.close();
  }

  #read(): Uint8Array {
    const [piece, other] = this.#pieces;
    this.#pieces = [other, piece];
    return attempt(this.#file, () => piece.subarray(0, readSync(this.#fd, piece, 0, PIECE, null)));
  }

  #rewind(): void {
    this.close();
    this.#fd = open(this.#file);
    this.#reader = new CaptureReader();
    this.frame = this.#reader.frame;
    this.#roundStart = this.elapsed;
  }
}

function open(file: string): number {
  return attempt(file, () => openSync(file, 'r'));
}

function attempt<T>(file: string, run: () => T): T {
  try {
    return run();
  } catch (error) {
    throw usage(`${file} can't be read: ${error instanceof Error ? error.message : String(error)}`);
  }
}
