import {
  Batch,
  FramePool,
  joinXskSocket,
  type SocketPlace,
  Umem,
  type UmemPlace,
  type XskSocket,
} from '../../xsk/index.js';
import { Bell } from './bell.js';
import { backendEnd, type LanePlace } from './lane.js';
import { BATCH } from './ring-sizes.js';

/** One backend's rings on one queue, in a form that another thread can be told. */
export interface PortPlace {
  readonly queue: number;
  /** The queue's, with a pool of this backend's own: it has no frame but those that come through its rings. */
  readonly umem: UmemPlace;
  readonly socket: SocketPlace;
  readonly lane: LanePlace;
  readonly bell: SharedArrayBuffer;
  /** Packets in the backend's hands: so that they are found when its thread has died. */
  readonly received: Uint8Array;
  readonly sending: Uint8Array;
  readonly counts: SharedArrayBuffer;
}

/** What is counted at each port, in this order. */
const PORT_COUNTS = ['rxPackets', 'rxBytes', 'txPackets', 'txBytes', 'txRingFull'] as const;
export type PortCounts = Readonly<Record<(typeof PORT_COUNTS)[number], number>>;
const Count = { rxPackets: 0, rxBytes: 1, txPackets: 2, txBytes: 3, txRingFull: 4 } as const;

/** What a backend needs of memory at one queue. */
export type PortMemory = Pick<PortPlace, 'umem' | 'received' | 'sending' | 'counts'>;

/** @param umem the queue's. @param last what a backend has left whose place this one takes */
export function portMemory(umem: Umem, last: PortMemory | undefined): PortMemory {
  const { arena, frames } = umem;
  const again = (bytes: Uint8Array | undefined) => bytes?.fill(0);
  return {
    umem: {
      ...umem.place,
      pool: again(last?.umem.pool) ?? arena.allocate(FramePool.bytesFor(frames)),
      ledger: undefined,
    },
    received: again(last?.received) ?? Batch.memoryFor(arena, BATCH),
    sending: again(last?.sending) ?? Batch.memoryFor(arena, BATCH),
    counts: new SharedArrayBuffer(PORT_COUNTS.length * Float64Array.BYTES_PER_ELEMENT),
  };
}

export function readPortCounts(memory: SharedArrayBuffer): PortCounts {
  const counts = new Float64Array(memory);
  return Object.fromEntries(PORT_COUNTS.map((name, i) => [name, counts[i]])) as PortCounts;
}

/** Egress of a packet that is to be sent out of the queue it came in by, as the callback has left it in its frame. */
export const SEND_BACK = 0;
/** Egress of a packet that the backend is done with. What it is unless the callback says otherwise. */
export const DONE = -1;

/** Looks at packets in place. They must not be kept after the call: their frames are used again. */
export type BatchCallback = (batch: Batch, port: BackendPort) => void;

/**
 * One backend's end of one queue: its RX ring, its TX ring, and frames to send with. Belongs to one thread. Nothing here
 * allocates.
 */
export class BackendPort {
  readonly queue: number;
  /** All frames of the queue: packets are offsets into it. */
  readonly bytes: Uint8Array;
  /** Bytes that a packet to be sent may have. */
  readonly limit: number;
  /** Whether the device took no more at the last {@link flush}: it is to be asked again a little later. */
  isStalled = false;
  readonly #socket: XskSocket;
  readonly #umem: Umem;
  readonly #received: Batch;
  readonly #sending: Batch;
  readonly #counts: Float64Array;
  readonly #bell: Bell;
  /** Frames moved that the keeper was not told of. */
  #moved = 0;

  constructor(place: PortPlace) {
    const umem = Umem.at(place.umem);
    this.#umem = umem;
    this.queue = place.queue;
    this.bytes = umem.bytes;
    this.limit = umem.frameSize;
    this.#socket = joinXskSocket(place.socket, umem, backendEnd(place.lane, umem, place.socket.counts));
    this.#received = new Batch(umem, BATCH, place.received);
    this.#sending = new Batch(umem, BATCH, place.sending);
    this.#counts = new Float64Array(place.counts);
    this.#bell = new Bell(place.bell);
  }

  /** The socket's descriptor: readable when packets wait. */
  get fd(): number {
    return this.#socket.fd;
  }

  /** Takes one batch in, hands it to `callback`, sends what shall be sent and returns the rest. @returns its packets */
  turn(callback: BatchCallback): number {
    const batch = this.#received;
    const count = this.#socket.receive(batch);
    if (count === 0) return 0;
    const { lengths, egress } = batch;
    let bytes = 0;
    for (let i = 0; i < count; i++) {
      bytes += lengths[i]!;
      egress[i] = DONE;
    }
    this.#counts[Count.rxPackets]! += count;
    this.#counts[Count.rxBytes]! += bytes;
    try {
      callback(batch, this);
    } finally {
      this.#settle(batch, count);
      this.flush();
    }
    return count;
  }

  /**
   * Where the next packet to be sent is to be written, an offset into {@link bytes}: up to {@link limit} bytes, then
   * {@link submit}. -1 when there is no room for now: all frames for sending are on their way out.
   */
  reserve(): number {
    const { pool } = this.#umem;
    if (pool.free === 0 && (this.#socket.tx === undefined || this.#takeFree() === 0)) return -1;
    return pool.stack[pool.free - 1]!;
  }

  /** Sends the packet that was written where {@link reserve} said, with the next {@link flush}. @param length bytes */
  submit(length: number): void {
    const address = this.#umem.pool.take();
    if (this.#sending.count === BATCH) this.#push();
    this.#add(address, length);
  }

  /** Has the kernel send what was submitted, and returns frames that nobody needs here to the keeper. */
  flush(): void {
    if (this.#sending.count > 0) this.#push();
    this.isStalled = this.#socket.flush() !== 0;
    const { rings } = this.#socket;
    this.#moved += rings.refill(this.#umem.pool.free);
    if (this.#moved > 0) {
      this.#bell.tell(this.#moved);
      this.#moved = 0;
    }
  }

  #takeFree(): number {
    const taken = this.#socket.rings.reap(BATCH);
    this.#moved += taken;
    return taken;
  }

  #settle(batch: Batch, count: number): void {
    const { addresses, lengths, egress } = batch;
    const { pool } = this.#umem;
    for (let i = 0; i < count; i++) {
      // Out of these hands first: a thread that ends in between loses a frame, but doubles none.
      batch.handled = i + 1;
      if (egress[i] === SEND_BACK) {
        if (this.#sending.count === BATCH) this.#push();
        this.#add(addresses[i]!, lengths[i]!);
      } else pool.give(addresses[i]!);
    }
    batch.count = 0;
  }

  #add(address: number, length: number): void {
    const batch = this.#sending;
    const at = batch.count;
    batch.addresses[at] = address;
    batch.lengths[at] = length;
    batch.count = at + 1;
    this.#counts[Count.txBytes]! += length;
  }

  /** Into the TX ring with all that was submitted; what it has no room for is dropped. */
  #push(): void {
    const batch = this.#sending;
    const { count } = batch;
    batch.handled = count;
    let sent = this.#socket.transmit(batch, 0, count);
    if (sent < count) {
      this.#socket.flush();
      sent += this.#socket.transmit(batch, sent, count - sent);
    }
    for (let i = sent; i < count; i++) {
      this.#counts[Count.txBytes]! -= batch.lengths[i]!;
      this.#umem.pool.give(batch.addresses[i]!);
    }
    batch.count = 0;
    this.#counts[Count.txPackets]! += sent;
    this.#counts[Count.txRingFull]! += count - sent;
    this.#moved += sent;
  }
}
