import { expect } from 'vitest';
import { Batch, FrameOwner, Packet, type Umem, type XskSocket } from '../../dist/xsk/index.js';

/** XDP_PKT_CONTD of include/uapi/linux/if_xdp.h. */
export const CONTINUED = 1;

/** One queue with a socket on it, and the other end of its wire. */
export interface QueueUnderTest extends Disposable {
  readonly umem: Umem;
  readonly socket: XskSocket;
  /** Sends a packet to the queue. It may arrive a little later. */
  inject(packet: Uint8Array): void;
  /** What the socket has put on the wire since the last call. */
  transmitted(): Uint8Array[];
}

/** The kind of UMEM. */
export interface QueueShape {
  readonly frameSize?: number;
  readonly fragments?: boolean;
}

export interface QueueOptions extends QueueShape {
  readonly frames: number;
  /** Entries of each of the four rings. */
  readonly ring: number;
}

export const hex = (packets: readonly Uint8Array[]): string[] =>
  packets.map((packet) => Buffer.from(packet).toString('hex'));

/** A queue in the hands of an application. */
export class QueueDriver implements Disposable {
  readonly queue: QueueUnderTest;
  readonly umem: Umem;
  readonly socket: XskSocket;
  readonly batch: Batch;

  constructor(queue: QueueUnderTest, batch = 64) {
    this.queue = queue;
    this.umem = queue.umem;
    this.socket = queue.socket;
    this.batch = new Batch(queue.umem, batch);
  }

  get rings(): XskSocket['rings'] {
    return this.socket.rings;
  }

  inject(packets: readonly Uint8Array[]): void {
    for (const packet of packets) this.queue.inject(packet);
  }

  /** The packets in the batch, as copies. */
  packets(): Uint8Array[] {
    const { batch, umem } = this;
    const packet = new Packet(batch, umem.frameSize);
    const packets: Uint8Array[] = [];
    for (let first = 0, end = 0; first < batch.count; first = end) {
      end = umem.fragments ? batch.endOf(first) : first + 1;
      packet.moveTo(first, end - first);
      packets.push(packet.copy());
    }
    return packets;
  }

  /** Gives the batch's frames back. */
  giveBack(): void {
    const { batch, umem } = this;
    for (const address of batch.addresses.subarray(0, batch.count)) {
      umem.ledger!.move(address, FrameOwner.application, FrameOwner.free);
      umem.pool.give(address);
    }
    batch.count = 0;
  }

  /** Receives what has arrived, as copies, and gives the frames back. */
  take(max = Number.POSITIVE_INFINITY): Uint8Array[] {
    const packets: Uint8Array[] = [];
    while (packets.length < max && this.socket.receive(this.batch) > 0) {
      packets.push(...this.packets());
      this.giveBack();
    }
    return packets;
  }

  /** Waits for that many packets. */
  async arrive(count: number): Promise<Uint8Array[]> {
    const packets: Uint8Array[] = [];
    await expect.poll(() => packets.push(...this.take()), { interval: 2 }).toBeGreaterThanOrEqual(count);
    return packets;
  }

  /**
   * Puts packets of our own into the batch, as if they had been received.
   * @param part bytes of a fragment
   */
  load(packets: readonly Uint8Array[], part: number = this.umem.capacity): void {
    const { umem, batch } = this;
    batch.count = 0;
    for (const packet of packets) {
      for (let done = 0; done < packet.length; done += part) {
        const address = umem.pool.take() + 256;
        umem.ledger!.move(address, FrameOwner.free, FrameOwner.application);
        const bytes = packet.subarray(done, done + part);
        umem.bytes.set(bytes, address);
        batch.addresses[batch.count] = address;
        batch.lengths[batch.count] = bytes.length;
        batch.options[batch.count++] = done + part < packet.length ? CONTINUED : 0;
      }
    }
  }

  /** Waits until that many packets were put on the wire. */
  async leave(count: number): Promise<Uint8Array[]> {
    const packets: Uint8Array[] = [];
    await expect.poll(() => packets.push(...this.queue.transmitted()), { interval: 2 }).toBeGreaterThanOrEqual(count);
    return packets;
  }

  /** Waits until this packet was put on the wire. @returns all that were, up to it */
  async leaveUpTo(last: Uint8Array): Promise<Uint8Array[]> {
    const packets: Uint8Array[] = [];
    const next = () => {
      packets.push(...this.queue.transmitted());
      return hex(packets.slice(-1));
    };
    await expect.poll(next, { interval: 2 }).toEqual(hex([last]));
    return packets;
  }

  /** Waits until that many frames came back from the completion ring. */
  async reap(count: number): Promise<void> {
    let reaped = 0;
    await expect.poll(() => (reaped += this.rings.reap(64)), { interval: 2 }).toBe(count);
  }

  /** No frame of the UMEM is lost or doubled: pool, ledger and the rings' own counts agree. */
  expectConserved(): void {
    const { umem, rings } = this;
    const owned = umem.ledger!.counts();
    expect(owned).toEqual({ free: umem.pool.free, fill: rings.inFill, application: 0, held: 0, tx: rings.inTx });
    expect(owned.free + owned.fill + owned.tx).toBe(umem.frames);
  }

  [Symbol.dispose](): void {
    this.queue[Symbol.dispose]();
  }
}
