/**
 * A link that takes so many bits a second: one packet after the other, each as long as its bytes need. What the link was
 * idle for it may make up, up to the burst. Without a burst it is tc-netem's `rate`.
 */
export class RateLimit {
  /** Milliseconds that a byte takes; 0 without a limit. */
  #byteTime = 0;
  /** Milliseconds of bytes that may go at once. */
  #burst = 0;
  /** When everything so far has had its time. */
  #free = 0;

  /** @param rate bits a second, 0 for no limit. @param burst bytes */
  set(rate: number, burst: number): void {
    const byteTime = rate > 0 ? 8000 / rate : 0;
    if (byteTime !== this.#byteTime) this.#free = 0;
    this.#byteTime = byteTime;
    this.#burst = burst * byteTime;
  }

  get isPossible(): boolean {
    return this.#byteTime > 0;
  }

  /** When a packet that comes at a moment has passed the link. Milliseconds. */
  pass(arrival: number, bytes: number): number {
    const start = Math.max(arrival, this.#free);
    this.#free = start + bytes * this.#byteTime;
    const leave = this.#free - this.#burst;
    return Math.max(leave, arrival);
  }

  restart(): void {
    this.#free = 0;
  }
}
