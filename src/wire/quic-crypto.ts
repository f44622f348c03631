import { readVarint, varintSize } from './varint.js';

/** Frames that an Initial packet may have (RFC 9000, sections 12.4 and 19). */
const FrameType = { padding: 0, ping: 1, ack: 2, ackEcn: 3, crypto: 6, close: 0x1c } as const;

/** Hears of the pieces of handshake messages, in the order of the packet. */
export type CryptoVisitor = (offset: number, data: Uint8Array) => void;

/**
 * Finds the CRYPTO frames of an Initial packet.
 *
 * @returns false where the frames end in the middle of one, or have one that doesn't belong there; what came before was visited
 */
export function visitCryptoFrames(frames: Uint8Array, visit: CryptoVisitor): boolean {
  const reader = new FrameReader(frames);
  while (reader.at < frames.length) {
    const type = reader.number();
    switch (type) {
      case FrameType.padding:
      case FrameType.ping:
        break;
      case FrameType.ack:
      case FrameType.ackEcn:
        reader.skipAck(type === FrameType.ackEcn);
        break;
      case FrameType.crypto: {
        const offset = reader.number();
        const data = reader.bytes();
        if (!reader.whole) return false;
        visit(offset, data);
        break;
      }
      case FrameType.close:
        reader.number();
        reader.number();
        reader.bytes();
        break;
      default:
        return false;
    }
    if (!reader.whole) return false;
  }
  return true;
}

const NONE = new Uint8Array(0);

class FrameReader {
  at = 0;
  /** False once something was cut off. */
  whole = true;
  readonly #data: Uint8Array;

  constructor(data: Uint8Array) {
    this.#data = data;
  }

  number(): number {
    const { at } = this;
    if (at >= this.#data.length || at + varintSize(this.#data, at) > this.#data.length) {
      this.whole = false;
      return 0;
    }
    this.at += varintSize(this.#data, at);
    return readVarint(this.#data, at);
  }

  /** With their length before them. */
  bytes(): Uint8Array {
    const length = this.number();
    const from = this.at;
    if (!this.whole || from + length > this.#data.length) {
      this.whole = false;
      return NONE;
    }
    this.at += length;
    return this.#data.subarray(from, this.at);
  }

  /** RFC 9000, section 19.3. */
  skipAck(ecn: boolean): void {
    this.number();
    this.number();
    const ranges = this.number();
    this.number();
    for (let i = 0; i < ranges && this.whole; i++) {
      this.number();
      this.number();
    }
    for (let i = 0; ecn && i < 3; i++) this.number();
  }
}

/** Room for a ClientHello with the largest keys there are. */
const LONGEST_STREAM = 16_384;

/** Handshake messages whose pieces come in any order, and more than once. */
export class CryptoStream {
  #bytes: Uint8Array = new Uint8Array(2048);
  /** Pieces that are there, apart from each other, in order: from, to before. */
  #pieces: { readonly from: number; readonly to: number }[] = [];

  /** What is beyond 16 KiB is left out. */
  add(offset: number, data: Uint8Array): void {
    const to = Math.min(offset + data.length, LONGEST_STREAM);
    if (offset >= to) return;
    if (to > this.#bytes.length) {
      const more = new Uint8Array(Math.min(LONGEST_STREAM, 2 * to));
      more.set(this.#bytes);
      this.#bytes = more;
    }
    this.#bytes.set(data.subarray(0, to - offset), offset);
    let joined = { from: offset, to };
    const apart = this.#pieces.filter((piece) => {
      if (piece.to < joined.from || piece.from > joined.to) return true;
      joined = { from: Math.min(piece.from, joined.from), to: Math.max(piece.to, joined.to) };
      return false;
    });
    this.#pieces = [...apart, joined].sort((a, b) => a.from - b.from);
  }

  /** What is there from the beginning without a gap. A view. */
  get contiguous(): Uint8Array {
    const [first] = this.#pieces;
    return this.#bytes.subarray(0, first?.from === 0 ? first.to : 0);
  }
}
