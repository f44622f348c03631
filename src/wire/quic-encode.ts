import { setU32 } from './headers.js';
import { FIXED_BIT, LONG_FORM, LONG_TYPES, type QuicVersion } from './quic-header.js';

export interface QuicShortHeader {
  readonly kind: 'short';
  /** 0 to 20 bytes. */
  readonly destinationId: Uint8Array;
  /** Bytes of the packet number, 1 to 4. Default 1. */
  readonly packetNumberLength?: number;
}

/** A long header that announces how long its packet is. */
export interface QuicLongHeader {
  readonly kind: 'long';
  readonly type: 'initial' | 'zeroRtt' | 'handshake';
  readonly version: (typeof QuicVersion)[keyof typeof QuicVersion];
  /** 0 to 20 bytes each. */
  readonly destinationId: Uint8Array;
  readonly sourceId: Uint8Array;
  /** Of an Initial packet, at most 63 bytes. Default: none. */
  readonly token?: Uint8Array;
  /** Bytes of the packet number, 1 to 4. Default 1. */
  readonly packetNumberLength?: number;
  /** Bytes of packet number and payload. */
  readonly length: number;
}

/**
 * The bytes of a QUIC header (RFC 9000, section 17; RFC 9369) up to its packet number, without protection: nothing is
 * encrypted. The length takes four bytes whatever it is (section 16 allows it), so that a header is as long for a small
 * payload as for a large one.
 */
export function encodeQuicHeader(header: QuicShortHeader | QuicLongHeader): Uint8Array {
  const { destinationId, packetNumberLength = 1 } = header;
  if (header.kind === 'short') return Uint8Array.of(FIXED_BIT | (packetNumberLength - 1), ...destinationId);
  const { type, version, sourceId, token = new Uint8Array(0), length } = header;
  const typeBits = LONG_TYPES[version]!.indexOf(type) << 4;
  const first = LONG_FORM | FIXED_BIT | typeBits | (packetNumberLength - 1);
  const initial = type === 'initial' ? [token.length, ...token] : [];
  const ids = [destinationId.length, ...destinationId, sourceId.length, ...sourceId];
  const bytes = Uint8Array.of(first, 0, 0, 0, 0, ...ids, ...initial, 0, 0, 0, 0);
  setU32(bytes, 1, version);
  setU32(bytes, bytes.length - 4, 0x8000_0000 | length);
  return bytes;
}
