import { Errno } from '../sys/index.js';
import { XDP_PACKET_HEADROOM } from './abi.js';
import { QueueRings } from './queue-rings.js';
import {
  ADDRESS_WORDS,
  AddressConsumer,
  AddressProducer,
  DESCRIPTOR_WORDS,
  DescriptorConsumer,
  DescriptorProducer,
  ringInMemory,
} from './ring.js';
import type { Umem } from './umem.js';
import { XskSocket } from './xsk-socket.js';

/** Frames that one call sends in copy mode: TX_BATCH_SIZE of net/xdp/xsk.c. */
const TX_BUDGET = 32;

export interface TwinOptions {
  readonly umem: Umem;
  readonly queue?: number;
  /** Entries of each ring. Default 2048. */
  readonly size?: number;
  /** Where the ring indices begin. Near 2^32 they wrap soon. Default 0. */
  readonly start?: number;
  /** Gets every frame that the socket transmits; `bytes` is valid during the call only. */
  readonly onTransmit?: (bytes: Uint8Array) => void;
}

/**
 * A queue of a network device without a kernel: the other end of the four rings, in TypeScript, in copy mode and as
 * strict as the kernel. What drives its socket can't tell it from a real one.
 */
export class TwinQueue {
  readonly socket: XskSocket;
  readonly #umem: Umem;
  readonly #fill: AddressConsumer;
  readonly #completion: AddressProducer;
  readonly #rx: DescriptorProducer;
  readonly #tx: DescriptorConsumer;
  readonly #onTransmit: ((bytes: Uint8Array) => void) | undefined;
  /** One entry, on its way into a ring. */
  readonly #address: Uint32Array = new Uint32Array(1);
  readonly #length: Uint32Array = new Uint32Array(1);
  #lastError = 0;
  #rxDropped = 0;
  #rxRingFull = 0;
  #fillEmpty = 0;
  #txInvalid = 0;
  #txEmpty = 0;

  constructor(options: TwinOptions) {
    const { umem, queue = 0, size = 2048, start = 0 } = options;
    const fill = ringInMemory(size, ADDRESS_WORDS, start);
    const completion = ringInMemory(size, ADDRESS_WORDS, start);
    const rx = ringInMemory(size, DESCRIPTOR_WORDS, start);
    const tx = ringInMemory(size, DESCRIPTOR_WORDS, start);
    this.#umem = umem;
    this.#onTransmit = options.onTransmit;
    this.#fill = new AddressConsumer(fill);
    this.#completion = new AddressProducer(completion);
    this.#rx = new DescriptorProducer(rx);
    this.#tx = new DescriptorConsumer(tx);
    this.socket = new XskSocket({
      rings: new QueueRings(umem, fill, completion),
      rx,
      tx,
      queue,
      zeroCopy: false,
      peer: {
        fd: -1,
        kick: () => {
          this.#lastError = this.takeTransmitted();
          return this.#lastError;
        },
        lastError: () => this.#lastError,
        wakeRx: () => 0,
        statistics: () => ({
          rxDropped: this.#rxDropped,
          rxInvalidDescriptors: 0,
          txInvalidDescriptors: this.#txInvalid,
          rxRingFull: this.#rxRingFull,
          rxFillRingEmpty: this.#fillEmpty,
          txRingEmpty: this.#txEmpty,
        }),
        close: () => {},
      },
    });
    // As in copy mode: the kernel transmits when it is called, and only then.
    this.socket.tx?.setNeedsWakeup(true);
  }

  /** Receives one packet from the wire. @returns false when it was lost, which is counted as the kernel counts it */
  deliver(packet: Uint8Array): boolean {
    const umem = this.#umem;
    if (packet.length > umem.capacity) {
      this.#rxDropped++;
      return false;
    }
    const address = this.#receiveInto(packet.length);
    if (address < 0) return false;
    umem.bytes.set(packet, address);
    return true;
  }

  /** Receives up to `count` packets of `length` bytes whose content is whatever stands in the frames. @returns how many */
  deliverBlank(count: number, length: number): number {
    let delivered = 0;
    while (delivered < count && this.#receiveInto(length) >= 0) delivered++;
    return delivered;
  }

  #receiveInto(length: number): number {
    if (this.#fill.peek(1) === 0) {
      this.#fillEmpty++;
      this.#rxDropped++;
      return -1;
    }
    if (this.#rx.reserve(1) === 0) {
      this.#rxRingFull++;
      return -1;
    }
    // net/xdp/xsk_queue.h, xp_aligned_extract_addr: any address inside a chunk names the chunk.
    const chunk = (this.#fill.address(0) & ~(this.#umem.frameSize - 1)) >>> 0;
    const address = chunk + XDP_PACKET_HEADROOM + this.#umem.headroom;
    this.#fill.release(1);
    this.#address[0] = address;
    this.#length[0] = length;
    this.#rx.write(this.#address, this.#length, 0, 1);
    this.#rx.submit(1);
    return address;
  }

  /**
   * Takes up to 32 frames from the TX ring, as one call into the kernel does.
   * @returns 0, or the negated error number: EAGAIN when there is more, or no room in the completion ring
   */
  takeTransmitted(): number {
    const { bytes, frameSize } = this.#umem;
    for (let budget = TX_BUDGET; this.#tx.peek(1) > 0; budget--) {
      if (budget === 0) return -Errno.EAGAIN;
      const address = this.#tx.address(0);
      const length = this.#tx.length(0);
      const fits = length > 0 && (address % frameSize) + length <= frameSize && address + length <= bytes.length;
      if (!fits || this.#tx.options(0) !== 0) {
        // net/xdp/xsk.c, __xsk_generic_xmit: it ends the call, without an error; the next one goes on behind it.
        this.#txInvalid++;
        this.#tx.release(1);
        return 0;
      }
      if (this.#completion.reserve(1) === 0) return -Errno.EAGAIN;
      this.#onTransmit?.(bytes.subarray(address, address + length));
      this.#tx.release(1);
      this.#address[0] = address;
      this.#completion.write(this.#address, 0, 1);
      this.#completion.submit(1);
    }
    this.#txEmpty++;
    return 0;
  }
}
