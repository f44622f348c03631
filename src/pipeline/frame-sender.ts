import { XdpError } from '../sys/index.js';
import { Batch, FrameOwner, type Umem, XDP_PKT_CONTD, type XskSocket } from '../xsk/index.js';

/** Sends packets of an application's own, one at a time, by copying them. */
export class FrameSender {
  /** Bytes that a packet may have. */
  readonly limit: number;
  readonly #umem: Umem;
  readonly #socket: XskSocket;
  readonly #batch: Batch;

  constructor(umem: Umem, socket: XskSocket) {
    this.#umem = umem;
    this.#socket = socket;
    this.#batch = new Batch(umem, socket.maxFragments);
    this.limit = socket.maxFragments * umem.frameSize;
  }

  /**
   * @returns whether there was room for it
   * @throws XDP_ERR_USAGE for a packet that is empty or too long
   */
  send(packet: Uint8Array): boolean {
    if (packet.length === 0 || packet.length > this.limit) {
      throw new XdpError('XDP_ERR_USAGE', `a frame has 1 to ${this.limit} bytes, not ${packet.length}`);
    }
    const { rings } = this.#socket;
    rings.reap(rings.completion.size);
    const { pool, frameSize } = this.#umem;
    const count = Math.ceil(packet.length / frameSize);
    if (pool.free < count) return false;
    for (let i = 0; i < count; i++) this.#load(i, packet.subarray(i * frameSize, (i + 1) * frameSize), i < count - 1);
    const taken = this.#socket.transmit(this.#batch, 0, count) === count;
    if (!taken) this.#giveBack(count);
    this.#socket.flush();
    return taken;
  }

  #load(i: number, bytes: Uint8Array, goesOn: boolean): void {
    const { pool, ledger, bytes: memory } = this.#umem;
    const address = pool.take();
    ledger?.move(address, FrameOwner.free, FrameOwner.application);
    memory.set(bytes, address);
    this.#batch.addresses[i] = address;
    this.#batch.lengths[i] = bytes.length;
    this.#batch.options[i] = goesOn ? XDP_PKT_CONTD : 0;
  }

  #giveBack(count: number): void {
    const { pool, ledger } = this.#umem;
    for (const address of this.#batch.addresses.subarray(0, count)) {
      ledger?.move(address, FrameOwner.application, FrameOwner.free);
      pool.give(address);
    }
  }
}
