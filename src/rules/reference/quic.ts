import { QuicVersion, u32 } from '../../wire/index.js';
import type { QuicPacketName } from '../model/index.js';

/** A payload read as a QUIC packet: docs/rules.md, "QUIC". What is cut off is undefined. */
export interface QuicPacket {
  readonly form: 'long' | 'short';
  /** Of a long header. */
  readonly version?: number;
  readonly packet?: QuicPacketName;
}

/** In the order of bits 4 and 5 of the first byte: RFC 9000, section 17.2, and RFC 9369, section 3.2. */
const LONG_PACKETS: Readonly<Record<number, readonly QuicPacketName[]>> = {
  [QuicVersion.v1]: ['initial', 'zero-rtt', 'handshake', 'retry'],
  [QuicVersion.v2]: ['retry', 'initial', 'zero-rtt', 'handshake'],
};

/** @returns undefined for an empty payload */
export function readQuic(payload: Uint8Array): QuicPacket | undefined {
  const first = payload[0];
  if (first === undefined) return undefined;
  if ((first & 0x80) === 0) return { form: 'short', packet: 'one-rtt' };
  if (payload.length < 5) return { form: 'long' };
  const version = u32(payload, 1);
  const packet = version === 0 ? 'version-negotiation' : LONG_PACKETS[version]?.[(first >> 4) & 3];
  return packet === undefined ? { form: 'long', version } : { form: 'long', version, packet };
}

const LONGEST_CID = 20;

/** The source's connection ID of a long header that is whole up to it. */
export function longSourceId(payload: Uint8Array): Uint8Array | undefined {
  if (payload.length < 7 || (payload[0]! & 0x80) === 0) return undefined;
  const destinationLength = payload[5]!;
  if (destinationLength > LONGEST_CID) return undefined;
  const at = 7 + destinationLength;
  const sourceLength = payload[at - 1];
  if (sourceLength === undefined || sourceLength > LONGEST_CID || at + sourceLength > payload.length) return undefined;
  return payload.subarray(at, at + sourceLength);
}

/** Bytes of which the first are the destination's connection ID of a short header: how many, only its owner knows. */
export function shortDestinationId(payload: Uint8Array): Uint8Array | undefined {
  if (payload.length === 0 || (payload[0]! & 0x80) !== 0) return undefined;
  return payload.subarray(1, 1 + LONGEST_CID);
}
