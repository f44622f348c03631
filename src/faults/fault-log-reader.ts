import { XdpError } from '../sys/index.js';
import { LOGGED_FAULTS, type LoggedFault, RECORD_HEADER, RING_HEADER, RingWord } from './fault-log-ring.js';

/** One fault of one packet. A packet that suffered several has a record for each, with the same number. */
export interface FaultRecord {
  /** Port and queue that the packet came in by. */
  readonly port: number;
  readonly queue: number;
  /** Its number, from 0, among the packets of that queue that faults were tried on since the seed was set. */
  readonly packet: number;
  readonly fault: LoggedFault;
  /** Bytes, before this fault. */
  readonly length: number;
  /** Inverted, appended or cut off. */
  readonly bytes?: number;
  /** The inverted ones, as offsets into the packet; the first 64. */
  readonly positions?: readonly number[];
  /** The flipped one: eight times the byte's offset, and which of its bits, 0 the lowest. */
  readonly bit?: number;
  /** It was put off by so much. */
  readonly microseconds?: number;
}

/** The main thread's end of a fault log. */
export class FaultLogReader {
  readonly #words: Int32Array;
  readonly #mask: number;
  #read = 0;

  /** @param ring of faultLogRing */
  constructor(ring: SharedArrayBuffer) {
    this.#words = new Int32Array(ring);
    this.#mask = this.#words.length - RING_HEADER - 1;
    this.#read = this.#words[RingWord.read]!;
  }

  /** Records that the ring had no room for. */
  get lost(): number {
    return Atomics.load(this.#words, RingWord.lost) >>> 0;
  }

  /** Takes out what is there, at most `most` records. @throws XDP_ERR_INTERNAL for a record that can't be */
  read(most: number): FaultRecord[] {
    const written = Atomics.load(this.#words, RingWord.written);
    const records: FaultRecord[] = [];
    while (records.length < most && this.#read !== written) {
      const first = this.#at(0);
      const size = first >>> 8;
      const name = LOGGED_FAULTS[first & 255];
      if (name === undefined || size <= RECORD_HEADER || size > (written - this.#read) >>> 0) {
        throw new XdpError('XDP_ERR_INTERNAL', `the fault log has a record of ${size} words for fault ${first & 255}`);
      }
      records.push(this.#record(name, size));
      this.#read = (this.#read + size) | 0;
    }
    Atomics.store(this.#words, RingWord.read, this.#read);
    return records;
  }

  #record(fault: LoggedFault, size: number): FaultRecord {
    const place = this.#at(1);
    const value = this.#at(RECORD_HEADER);
    return {
      port: place >>> 16,
      queue: place & 0xffff,
      packet: this.#at(3) * 2 ** 32 + (this.#at(2) >>> 0),
      fault,
      length: this.#at(4),
      ...(fault === 'corrupt' || fault === 'grow' || fault === 'shrink' ? { bytes: value } : {}),
      ...(fault === 'corrupt' ? { positions: this.#positions(size) } : {}),
      ...(fault === 'bitflip' ? { bit: value } : {}),
      ...(fault === 'delay' || fault === 'rate' ? { microseconds: value } : {}),
    };
  }

  #positions(size: number): number[] {
    return Array.from({ length: size - RECORD_HEADER - 1 }, (_, i) => this.#at(RECORD_HEADER + 1 + i));
  }

  #at(word: number): number {
    return this.#words[RING_HEADER + ((this.#read + word) & this.#mask)]!;
  }
}
