import { Errno } from '../../sys/index.js';
import type { InterpreterMap } from './map.js';

/** Bytes in front of each record (kernel: BPF_RINGBUF_HDR_SZ). */
const HEADER = 8;
/** BPF_RB_NO_WAKEUP, BPF_RB_FORCE_WAKEUP */
const WAKEUP_FLAGS = 3;

interface RingRecord {
  readonly bytes: Uint8Array;
  state: 'reserved' | 'submitted' | 'discarded';
}

/** The records that programs hold, by their bytes. */
const RESERVED = new WeakMap<Uint8Array, RingRecord>();

/** Gives a record back to the ring buffer it is of. @returns whether the bytes are a record that was reserved */
export function commitRecord(bytes: Uint8Array, state: 'submitted' | 'discarded'): boolean {
  const record = RESERVED.get(bytes);
  if (record === undefined) return false;
  record.state = state;
  RESERVED.delete(bytes);
  return true;
}

/** A ring buffer (BPF_MAP_TYPE_RINGBUF) in memory. Records are there for {@link drain} once the program submitted them. */
export class InterpreterRingBuffer implements InterpreterMap {
  readonly keySize = 0;
  readonly valueSize = 0;
  /** Bytes. */
  readonly size: number;
  readonly #records: RingRecord[] = [];
  #produced = 0;
  #consumed = 0;

  /** @param size bytes, headers of 8 for each record included: a power of two */
  constructor(size: number) {
    this.size = size;
  }

  /** Takes out what was submitted, in order, up to the first record that is still reserved. */
  drain(): Uint8Array[] {
    const records: Uint8Array[] = [];
    for (let next = this.#records[0]; next !== undefined && next.state !== 'reserved'; next = this.#records[0]) {
      this.#records.shift();
      this.#consumed += spaceOf(next.bytes.length);
      if (next.state === 'submitted') records.push(next.bytes);
    }
    return records;
  }

  /** Memory for a record, or undefined where there is no room (kernel/bpf/ringbuf.c, __bpf_ringbuf_reserve). */
  reserve(length: number): Uint8Array | undefined {
    const space = spaceOf(length);
    if (this.#produced + space - this.#consumed >= this.size) return undefined;
    this.#produced += space;
    const bytes = new Uint8Array(length);
    const record: RingRecord = { bytes, state: 'reserved' };
    this.#records.push(record);
    RESERVED.set(bytes, record);
    return bytes;
  }

  output(data: Uint8Array, flags: number): number {
    if ((flags & ~WAKEUP_FLAGS) !== 0) return -Errno.EINVAL;
    const bytes = this.reserve(data.length);
    if (bytes === undefined) return -Errno.EAGAIN;
    bytes.set(data);
    commitRecord(bytes, 'submitted');
    return 0;
  }

  /** bpf_ringbuf_query: bytes there to read, the size, and both positions; 0 for what it doesn't know. */
  query(what: number): number {
    return [this.#produced - this.#consumed, this.size, this.#consumed, this.#produced][what] ?? 0;
  }

  lookup(): undefined {
    return undefined;
  }

  update(): number {
    return -Errno.EOPNOTSUPP;
  }

  delete(): number {
    return -Errno.EOPNOTSUPP;
  }
}

function spaceOf(length: number): number {
  return Math.ceil((length + HEADER) / 8) * 8;
}
