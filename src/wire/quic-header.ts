import { u32 } from './headers.js';
import { readVarint, varintSize } from './varint.js';

/** Versions whose long headers are understood: RFC 9000 and RFC 9369. */
export const QuicVersion = { v1: 0x0000_0001, v2: 0x6b33_43cf } as const;

/** `oneRtt` has the short header; `unknown` is a long header of another version. */
export type QuicPacketType =
  | 'versionNegotiation'
  | 'initial'
  | 'zeroRtt'
  | 'handshake'
  | 'retry'
  | 'oneRtt'
  | 'unknown';

/** Types in the order of their two bits in the first byte: RFC 9000, section 17.2, and RFC 9369, section 3.2. */
export const LONG_TYPES: Readonly<Record<number, readonly QuicPacketType[]>> = {
  [QuicVersion.v1]: ['initial', 'zeroRtt', 'handshake', 'retry'],
  [QuicVersion.v2]: ['retry', 'initial', 'zeroRtt', 'handshake'],
};

/** Bits of the first byte. The fixed bit is no invariant (RFC 9287). */
export const LONG_FORM = 0x80;
export const FIXED_BIT = 0x40;

/**
 * Where the parts of a QUIC packet's header stand: what every version keeps (RFC 8999), and of version 1 and 2 what is
 * not encrypted. One object for many packets: {@link read} fills it again. Offsets are those of the given bytes.
 */
export class QuicHeader {
  type: QuicPacketType = 'unknown';
  /** 0 for a short header and for version negotiation. */
  version = 0;
  /** Clear in packets of an endpoint that greases it (RFC 9287), and in what isn't QUIC. */
  fixedBit = false;
  destinationId = 0;
  destinationIdLength = 0;
  /** Of a long header; the length is 0 otherwise. */
  sourceId = 0;
  sourceIdLength = 0;
  /** Of an Initial packet, or of a Retry packet up to its integrity tag; the length is 0 otherwise. */
  token = 0;
  tokenLength = 0;
  /** What follows: the packet number (protected) or, in version negotiation, the list of versions. */
  payload = 0;
  /** Where this packet ends: the end of the datagram, or where another packet is coalesced with it. */
  end = 0;

  /**
   * @param at first byte of a packet; `end` is the end of its datagram
   * @param shortIdLength bytes of a connection ID in short headers, which don't tell: the receiver chose them
   * @returns false when the header isn't whole
   */
  read(bytes: Uint8Array, at: number, end: number, shortIdLength: number): boolean {
    this.version = 0;
    this.sourceIdLength = 0;
    this.tokenLength = 0;
    this.end = end;
    if (at >= end) return false;
    const first = bytes[at]!;
    this.fixedBit = (first & FIXED_BIT) !== 0;
    if ((first & LONG_FORM) !== 0) return this.#readLong(bytes, at, end);
    this.type = 'oneRtt';
    this.destinationId = at + 1;
    this.destinationIdLength = shortIdLength;
    this.payload = at + 1 + shortIdLength;
    return this.payload <= end;
  }

  #readLong(bytes: Uint8Array, at: number, end: number): boolean {
    if (at + 7 > end) return false;
    this.version = u32(bytes, at + 1);
    this.destinationId = at + 6;
    this.destinationIdLength = bytes[at + 5]!;
    this.sourceId = this.destinationId + this.destinationIdLength + 1;
    if (this.sourceId > end) return false;
    this.sourceIdLength = bytes[this.sourceId - 1]!;
    this.payload = this.sourceId + this.sourceIdLength;
    if (this.payload > end) return false;
    if (this.version === 0) {
      this.type = 'versionNegotiation';
      return true;
    }
    const types = LONG_TYPES[this.version];
    if (types === undefined) {
      this.type = 'unknown';
      return true;
    }
    this.type = types[(bytes[at]! >> 4) & 3]!;
    if (this.type === 'retry') {
      // RFC 9000, section 17.2.5: the token fills the packet up to the tag of 16 bytes.
      this.token = this.payload;
      this.tokenLength = end - 16 - this.payload;
      this.payload = end - 16;
      return this.tokenLength >= 0;
    }
    if (this.type === 'initial') {
      this.token = this.payload + varintSize(bytes, this.payload);
      if (this.token > end) return false;
      this.tokenLength = readVarint(bytes, this.payload);
      this.payload = this.token + this.tokenLength;
      if (this.payload >= end) return false;
    }
    if (this.payload >= end) return false;
    const behind = this.payload + varintSize(bytes, this.payload);
    if (behind > end) return false;
    this.end = behind + readVarint(bytes, this.payload);
    this.payload = behind;
    return this.end <= end;
  }
}
