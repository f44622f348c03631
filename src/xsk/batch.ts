/**
 * Packets that came from one socket and go through the stages together: a structure of arrays, so that each stage is
 * one small loop. A packet is an offset into `bytes` and a length.
 */
export class Batch {
  readonly capacity: number;
  /** The UMEM's memory. */
  readonly bytes: Uint8Array;
  readonly addresses: Uint32Array;
  /** Bytes. */
  readonly lengths: Uint32Array;
  /** Port that each packet shall leave by; negative: it is dropped, for that reason. */
  readonly egress: Int32Array;
  count = 0;
  /** Port and queue that the packets came in by. */
  ingress = 0;
  queue = 0;

  constructor(bytes: Uint8Array, capacity: number) {
    this.bytes = bytes;
    this.capacity = capacity;
    this.addresses = new Uint32Array(capacity);
    this.lengths = new Uint32Array(capacity);
    this.egress = new Int32Array(capacity);
  }
}
