import {
  LOGGED_FAULTS,
  type LoggedFault,
  MOST_POSITIONS,
  RECORD_HEADER,
  RING_HEADER,
  RingWord,
} from './fault-log-ring.js';

/** Numbers of the faults in records. */
export const Logged: Readonly<Record<LoggedFault, number>> = Object.fromEntries(
  LOGGED_FAULTS.map((name, number) => [name, number]),
) as Record<LoggedFault, number>;

/** The worker's end of a fault log: it never waits, and counts what the ring has no room for. */
export class FaultLogWriter {
  readonly #words: Int32Array;
  readonly #capacity: number;
  /** Words written, as the other end shall see after {@link publish}. */
  #written: number;
  /** Words that the other end had read when last looked at. */
  #read = 0;
  #lost: number;

  /** @param ring of faultLogRing */
  constructor(ring: SharedArrayBuffer) {
    this.#words = new Int32Array(ring);
    this.#capacity = this.#words.length - RING_HEADER;
    this.#written = this.#words[RingWord.written]!;
    this.#lost = this.#words[RingWord.lost]!;
  }

  /**
   * @param place port and queue, as one number
   * @param packet its number among those that faults were tried on
   * @param length bytes it had before
   * @param value what the fault is about: bytes, a bit, microseconds
   */
  write(fault: number, place: number, packet: number, length: number, value: number): void {
    if (this.#begin(fault, 1, place, packet, length)) this.#put(RECORD_HEADER, value);
    else return;
    this.#written = (this.#written + RECORD_HEADER + 1) | 0;
  }

  /** The same for a corruption of `count` bytes: how many, and the first 64 places. */
  writePositions(place: number, packet: number, length: number, positions: Int32Array, count: number): void {
    const kept = Math.min(count, MOST_POSITIONS);
    if (!this.#begin(Logged.corrupt, 1 + kept, place, packet, length)) return;
    this.#put(RECORD_HEADER, count);
    for (let i = 0; i < kept; i++) this.#put(RECORD_HEADER + 1 + i, positions[i]!);
    this.#written = (this.#written + RECORD_HEADER + 1 + kept) | 0;
  }

  /** Shows the other end all that was written. Once a batch. */
  publish(): void {
    Atomics.store(this.#words, RingWord.written, this.#written);
  }

  /** @returns whether there is room */
  #begin(fault: number, values: number, place: number, packet: number, length: number): boolean {
    const size = RECORD_HEADER + values;
    if (this.#room() < size) {
      this.#read = Atomics.load(this.#words, RingWord.read);
      if (this.#room() < size) {
        this.#lost = (this.#lost + 1) | 0;
        Atomics.store(this.#words, RingWord.lost, this.#lost);
        return false;
      }
    }
    this.#put(0, (size << 8) | fault);
    this.#put(1, place);
    this.#put(2, packet | 0);
    this.#put(3, packet / 2 ** 32);
    this.#put(4, length);
    return true;
  }

  #room(): number {
    return this.#capacity - ((this.#written - this.#read) >>> 0);
  }

  #put(word: number, value: number): void {
    this.#words[RING_HEADER + ((this.#written + word) & (this.#capacity - 1))] = value;
  }
}
