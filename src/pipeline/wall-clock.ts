// Not the global: that is a getter, which takes a quarter of a reading's time.
import { performance } from 'node:perf_hooks';

/** Milliseconds between two looks whether the system's clock was set. */
const LOOK = 1000;
/** Milliseconds that two readings of two clocks may be apart without any having been set. */
const APART = 20;

/** The time of day, to the nanosecond; one reading for all who want it. It goes evenly, and follows when the system's clock is set. */
export class WallClock {
  /** Of the last {@link read}: since 1970, and of that second. */
  seconds = 0;
  nanoseconds = 0;
  /** Where `performance.now()` begins: in one number with the nanoseconds it would lose them. */
  #originSeconds = 0;
  #originRest = 0;
  #nextLook = Number.NEGATIVE_INFINITY;

  constructor() {
    this.#begin(performance.timeOrigin);
    this.read();
  }

  /** Takes some 50 ns: once for many packets. */
  read(): void {
    const now = performance.now();
    if (now >= this.#nextLook) this.#look(now);
    const rest = this.#originRest + now;
    const passed = Math.floor(rest / 1000);
    this.seconds = this.#originSeconds + passed;
    this.nanoseconds = Math.floor((rest - passed * 1000) * 1_000_000);
  }

  /** The same in whole milliseconds since 1970. */
  get milliseconds(): number {
    return this.seconds * 1000 + Math.floor(this.nanoseconds / 1_000_000);
  }

  #look(now: number): void {
    this.#nextLook = now + LOOK;
    const origin = Date.now() - now;
    const before = this.#originSeconds * 1000 + this.#originRest;
    if (Math.abs(origin - before) > APART) this.#begin(origin);
  }

  /** @param origin milliseconds since 1970 */
  #begin(origin: number): void {
    this.#originSeconds = Math.floor(origin / 1000);
    this.#originRest = origin - this.#originSeconds * 1000;
  }
}
