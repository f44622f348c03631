import { Errno } from '../sys/index.js';
import { TX_BATCH_SIZE, XDP_PACKET_HEADROOM, XDP_PKT_CONTD, XDP_TX_METADATA } from './abi.js';
import { ADDRESS_WORDS, AddressConsumer, AddressProducer } from './address-ring.js';
import { DESCRIPTOR_WORDS, DescriptorConsumer, DescriptorProducer } from './descriptor-ring.js';
import { QueueRings } from './queue-rings.js';
import { newRing, wordsOf } from './ring.js';
import type { Umem } from './umem.js';
import { XskSocket } from './xsk-socket.js';

/** Frames of one packet that it sends: MAX_SKB_FRAGS + 1. */
const MOST_FRAMES = 18;

export interface TwinOptions {
  readonly umem: Umem;
  readonly queue?: number;
  /** Entries of each ring. Default 2048. */
  readonly size?: number;
  /** Where the ring indices begin. Near 2^32 they wrap soon. Default 0. */
  readonly start?: number;
  /** Gets every packet that the socket transmits; `bytes` is valid during the call only. */
  readonly onTransmit?: (bytes: Uint8Array) => void;
}

/**
 * A queue of a network device without a kernel: the other end of the four rings, in TypeScript, in copy mode and as
 * strict as the kernel (Linux 6.18.44). What drives its socket can't tell it from a real one. TX metadata are passed over.
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
  readonly #address: Uint32Array;
  readonly #length: Uint32Array;
  /** Bytes of the arena. */
  readonly #addressAt: number;
  readonly #lengthAt: number;
  readonly #options: Uint32Array = new Uint32Array(1);
  /** The frames, and the bytes in them, of the packet whose last fragment has not come yet. */
  readonly #started: Uint32Array;
  readonly #startedAt: number;
  readonly #gathered: Uint8Array;
  #frames = 0;
  #bytes = 0;
  /** The packet whose last fragment has not come yet is not sent. */
  #refusing = false;
  #lastError = 0;
  #rxDropped = 0;
  #rxRingFull = 0;
  #fillEmpty = 0;
  #txInvalid = 0;
  #txEmpty = 0;

  constructor(options: TwinOptions) {
    const { umem, queue = 0, size = 2048, start = 0 } = options;
    const fill = newRing(umem.arena, size, ADDRESS_WORDS, start);
    const completion = newRing(umem.arena, size, ADDRESS_WORDS, start);
    const rx = newRing(umem.arena, size, DESCRIPTOR_WORDS, start);
    const tx = newRing(umem.arena, size, DESCRIPTOR_WORDS, start);
    const words = (count: number) => wordsOf(umem.arena.allocate(count * Uint32Array.BYTES_PER_ELEMENT));
    this.#umem = umem;
    this.#address = words(1);
    this.#length = words(1);
    this.#started = words(MOST_FRAMES);
    this.#addressAt = this.#address.byteOffset;
    this.#lengthAt = this.#length.byteOffset;
    this.#startedAt = this.#started.byteOffset;
    this.#onTransmit = options.onTransmit;
    this.#gathered = new Uint8Array(umem.fragments ? MOST_FRAMES * umem.frameSize : 0);
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
      busyPoll: false,
      maxFragments: umem.fragments ? MOST_FRAMES : 1,
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
    return this.#receive(packet.length, packet);
  }

  /** Receives up to `count` packets of `length` bytes whose content is whatever stands in the frames. @returns how many */
  deliverBlank(count: number, length: number): number {
    let delivered = 0;
    while (delivered < count && this.#receive(length, undefined)) delivered++;
    return delivered;
  }

  /** net/xdp/xsk.c, xsk_rcv_check and __xsk_rcv: a packet comes in whole or not at all. */
  #receive(length: number, packet: Uint8Array | undefined): boolean {
    const { capacity, fragments, bytes } = this.#umem;
    if (length > capacity && !fragments) {
      this.#rxDropped++;
      return false;
    }
    const frames = Math.ceil(length / capacity);
    if (this.#fill.peek(frames) < frames) {
      if (frames === 1) this.#fillEmpty++;
      this.#rxDropped++;
      return false;
    }
    if (this.#rx.reserve(frames) < frames) {
      this.#rxRingFull++;
      return false;
    }
    for (let done = 0; done < length; done += capacity) {
      const part = Math.min(capacity, length - done);
      const address = this.#receiveFrame(part, done + part < length);
      if (packet !== undefined) bytes.set(frames === 1 ? packet : packet.subarray(done, done + part), address);
    }
    return true;
  }

  /** @returns where the frame's bytes stand */
  #receiveFrame(length: number, goesOn: boolean): number {
    const { unaligned, frameSize, headroom, plain } = this.#umem;
    // net/xdp/xsk_queue.h, xp_aligned_extract_addr: any address inside a chunk names the chunk.
    const given = this.#fill.address(0);
    const chunk = unaligned ? given : (given & ~(frameSize - 1)) >>> 0;
    const offset = XDP_PACKET_HEADROOM + headroom;
    this.#fill.release(1);
    this.#address[0] = unaligned ? chunk : chunk + offset;
    this.#length[0] = length;
    this.#options[0] = goesOn ? XDP_PKT_CONTD : 0;
    this.#rx.reserve(1);
    if (plain) {
      this.#rx.put(this.#addressAt, this.#lengthAt, 1);
      return chunk + offset;
    }
    this.#rx.writeWhole(this.#address, this.#length, this.#options, 0, 1);
    if (unaligned) this.#rx.setOffset(0, offset);
    this.#rx.submit(1);
    return chunk + offset;
  }

  /**
   * Takes up to 32 frames from the TX ring, as one call into the kernel does.
   * @returns 0, or the negated error number: EAGAIN when there is more, or no room in the completion ring
   */
  takeTransmitted(): number {
    // net/xdp/xsk.c, __xsk_generic_xmit.
    for (let budget = TX_BATCH_SIZE; this.#tx.peek(1) > 0; budget--) {
      if (budget === 0 || this.#completion.reserve(this.#frames + 1) <= this.#frames) return -Errno.EAGAIN;
      const address = this.#tx.address(0);
      const length = this.#tx.length(0);
      const options = this.#tx.options(0);
      const goesOn = (options & XDP_PKT_CONTD) !== 0;
      const valid = this.#refusing || this.#isValid(address, length, options);
      this.#tx.release(1);
      this.#started[this.#frames] = address;
      if (!valid) {
        // It ends the call, without an error; the next one goes on behind it.
        this.#refuse(goesOn);
        return 0;
      }
      if (this.#refusing || (this.#frames === MOST_FRAMES - 1 && goesOn)) this.#refuse(goesOn);
      else if (this.#frames > 0 || goesOn) this.#gather(address, length, goesOn);
      else {
        this.#onTransmit?.(this.#umem.bytes.subarray(address, address + length));
        this.#complete(1);
      }
    }
    this.#txEmpty++;
    return 0;
  }

  #isValid(address: number, length: number, options: number): boolean {
    const { unaligned, frameSize, bytes, txMetadataLength } = this.#umem;
    const begin = address - txMetadataLength;
    const whole = length + txMetadataLength;
    const fits = unaligned ? whole <= frameSize : (begin % frameSize) + whole <= frameSize;
    const known = XDP_PKT_CONTD | XDP_TX_METADATA;
    return length > 0 && begin >= 0 && fits && address + length <= bytes.length && (options & ~known) === 0;
  }

  #gather(address: number, length: number, goesOn: boolean): void {
    this.#gathered.set(this.#umem.bytes.subarray(address, address + length), this.#bytes);
    this.#bytes += length;
    this.#frames++;
    if (goesOn) return;
    this.#onTransmit?.(this.#gathered.subarray(0, this.#bytes));
    this.#complete(this.#frames);
    this.#frames = 0;
    this.#bytes = 0;
  }

  /** Hands the frames of a packet to the completion ring. */
  #complete(frames: number): void {
    this.#completion.write(this.#startedAt, frames);
    this.#completion.submit(frames);
  }

  /** The packet is dropped whole: the fragments that came, and those still to come. Their frames come back. */
  #refuse(goesOn: boolean): void {
    this.#txInvalid += this.#frames + 1;
    this.#complete(this.#frames + 1);
    this.#frames = 0;
    this.#bytes = 0;
    this.#refusing = goesOn;
  }
}
