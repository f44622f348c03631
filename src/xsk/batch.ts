import { XDP_PKT_CONTD } from './abi.js';

/**
 * Packets that came from one socket and go through the stages together: a structure of arrays, so that each stage is
 * one small loop. A packet is an offset into `bytes` and a length; where the UMEM lets packets have fragments, it is one or
 * more of these, each in a frame of its own, one behind the other.
 */
export class Batch {
  readonly capacity: number;
  /** The UMEM's memory. */
  readonly bytes: Uint8Array;
  readonly addresses: Uint32Array;
  /** Bytes. */
  readonly lengths: Uint32Array;
  /** XDP_PKT_CONTD, XDP_TX_METADATA. Looked at only where the UMEM has fragments or TX metadata. */
  readonly options: Uint32Array;
  /** Port that each packet shall leave by; negative: it is dropped, for that reason. All frames of a packet have the same. */
  readonly egress: Int32Array;
  /** Frames: as many as packets, but for fragments. */
  count = 0;
  /** Port and queue that the packets came in by. */
  ingress = 0;
  queue = 0;

  constructor(bytes: Uint8Array, capacity: number) {
    this.bytes = bytes;
    this.capacity = capacity;
    this.addresses = new Uint32Array(capacity);
    this.lengths = new Uint32Array(capacity);
    this.options = new Uint32Array(capacity);
    this.egress = new Int32Array(capacity);
  }

  /** Of a packet by its first frame, where the UMEM has fragments: the frame behind its last. */
  endOf(first: number): number {
    let end = first;
    while ((this.options[end++]! & XDP_PKT_CONTD) !== 0);
    return end;
  }

  /** How many packets end in the frames `from` up to `to`, where the UMEM has fragments. */
  packetsIn(from: number, to: number): number {
    let packets = 0;
    for (let i = from; i < to; i++) if ((this.options[i]! & XDP_PKT_CONTD) === 0) packets++;
    return packets;
  }
}
