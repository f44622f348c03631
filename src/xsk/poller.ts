import { calls } from '../sys/index.js';

const POLLIN = 1;

/** Waits for packets on a fixed set of sockets, without allocating. For workers: it blocks the thread. */
export class Poller {
  readonly #records: Int32Array;
  readonly #count: number;
  readonly #timeout: Int32Array = new Int32Array(4);

  constructor(fds: readonly number[]) {
    this.#count = fds.length;
    // struct pollfd {i32 fd; i16 events; i16 revents;}
    this.#records = new Int32Array(fds.length * 2);
    for (const [i, fd] of fds.entries()) {
      this.#records[i * 2] = fd;
      this.#records[i * 2 + 1] = POLLIN;
    }
  }

  /**
   * @param milliseconds 0 to 999; a worker asked to end is late by as much
   * @returns how many sockets have packets, or a negated error number
   */
  wait(milliseconds: number): number {
    // struct timespec {i64 seconds; i64 nanoseconds;}, little-endian.
    this.#timeout[2] = milliseconds * 1_000_000;
    return calls.ppoll(this.#records, this.#count, this.#timeout);
  }
}
