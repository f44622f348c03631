import type { Rate } from './pace.js';

/** Says when frames may go. Times are milliseconds of performance.now(). */
export interface Pacer {
  /** Call once, when sending begins. */
  start(now: number): void;
  /** How many frames may go now; fewer than 1 is none. */
  allowed(now: number): number;
  /** Frames that have gone, and their bytes. */
  spent(frames: number, bytes: number): void;
  /** When the next frame may go, if none may now. */
  next(): number;
}

/** Milliseconds of frames that are made up for when the thread was held up; what lies further back is given up. */
const MAKE_UP = 100;

export interface PacerOptions {
  readonly rate: Rate;
  /** How many senders have this rate between them. Default 1. */
  readonly share?: number;
  /** Which of them this is: they take turns. Default 0. */
  readonly phase?: number;
  /** Bytes of the longest frame there can be. */
  readonly longest: number;
}

export function pacerOf({ rate, share = 1, phase = 0, longest }: PacerOptions): Pacer {
  if (rate.unit === 'max') return new Unpaced();
  const perMillisecond = rate.perSecond / 1000 / share;
  const offset = rate.unit === 'frames' ? (phase * 1000) / rate.perSecond : 0;
  return rate.unit === 'frames' ? new FramePacer(perMillisecond, offset) : new BitPacer(perMillisecond, longest * 8);
}

class Unpaced implements Pacer {
  start(): void {}

  allowed(): number {
    return Number.POSITIVE_INFINITY;
  }

  spent(): void {}

  next(): number {
    return 0;
  }
}

/** Frame i goes at start + i / rate. */
class FramePacer implements Pacer {
  readonly #rate: number;
  readonly #offset: number;
  #start = 0;
  #sent = 0;

  constructor(perMillisecond: number, offset: number) {
    this.#rate = perMillisecond;
    this.#offset = offset;
  }

  start(now: number): void {
    this.#start = now + this.#offset;
  }

  allowed(now: number): number {
    const due = Math.floor((now - this.#start) * this.#rate) + 1 - this.#sent;
    const most = Math.ceil(this.#rate * MAKE_UP) + 1;
    if (due <= most) return due;
    this.#start += (due - most) / this.#rate;
    return most;
  }

  spent(frames: number): void {
    this.#sent += frames;
  }

  next(): number {
    return this.#start + this.#sent / this.#rate;
  }
}

/** A frame goes when the bits of those before it have had their time. */
class BitPacer implements Pacer {
  readonly #rate: number;
  /** When all that has gone will have had its time. */
  #free = 0;
  /** Bits of the longest frame: how many may go at once is reckoned by it. */
  readonly #longest: number;

  constructor(perMillisecond: number, longest: number) {
    this.#rate = perMillisecond;
    this.#longest = longest;
  }

  start(now: number): void {
    this.#free = now;
  }

  allowed(now: number): number {
    if (now < this.#free) return 0;
    this.#free = Math.max(this.#free, now - MAKE_UP);
    return Math.floor(((now - this.#free) * this.#rate) / this.#longest) + 1;
  }

  spent(_frames: number, bytes: number): void {
    this.#free += (bytes * 8) / this.#rate;
  }

  next(): number {
    return this.#free;
  }
}
