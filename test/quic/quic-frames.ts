import {
  encodeFrame,
  encodeQuicHeader,
  type Frame,
  type QuicLongHeader,
  QuicVersion,
  setU32,
} from '../../dist/wire/index.js';
import type { Random } from '../rules/random.js';
import { clientHello, cryptoFrame, sealInitial } from '../wire/quic-seal.js';

export interface Endpoint {
  readonly address: string;
  readonly port: number;
}

/** A frame with a UDP datagram. */
export function datagram(from: Endpoint, to: Endpoint, payload: Uint8Array, vlan: Frame['vlan'] = []): Uint8Array {
  const kind = from.address.includes(':') ? 'ipv6' : 'ipv4';
  return encodeFrame({
    ethernet: { destination: '02:00:00:00:00:02', source: '02:00:00:00:00:01' },
    ...(vlan.length > 0 && { vlan }),
    network: { kind, source: from.address, destination: to.address },
    transport: { kind: 'udp', sourcePort: from.port, destinationPort: to.port },
    payload,
  });
}

/** Protected bytes that nobody can open. */
export function longPacket(
  numbers: Random,
  header: Omit<QuicLongHeader, 'kind' | 'length'>,
  length: number,
): Uint8Array {
  return Buffer.concat([encodeQuicHeader({ kind: 'long', ...header, length }), numbers.bytes(length)]);
}

export function shortPacket(numbers: Random, destinationId: Uint8Array, length: number): Uint8Array {
  return Buffer.concat([encodeQuicHeader({ kind: 'short', destinationId }), numbers.bytes(length)]);
}

/** A long header of a version that nobody knows, as far as all versions have it (RFC 8999). */
export function invariantPacket(
  numbers: Random,
  version: number,
  destinationId: Uint8Array,
  sourceId: Uint8Array,
): Uint8Array {
  const ids = [destinationId.length, ...destinationId, sourceId.length, ...sourceId];
  const packet = Uint8Array.of(0xc0 | numbers.below(64), 0, 0, 0, 0, ...ids, ...numbers.bytes(60));
  setU32(packet, 1, version);
  return packet;
}

export interface Hello {
  readonly version?: (typeof QuicVersion)[keyof typeof QuicVersion];
  readonly destinationId: Uint8Array;
  readonly sourceId: Uint8Array;
  readonly serverName: string;
  readonly alpn?: readonly string[];
  /** Bytes of the first of two packets' share of the ClientHello. Default: all is in one. */
  readonly cut?: number;
}

/** The first Initials of a client, each 1,200 bytes or a little more. */
export function firstInitials(hello: Hello): Uint8Array[] {
  const { version = QuicVersion.v1, destinationId, sourceId, serverName, alpn = ['h3'], cut } = hello;
  const message = clientHello({ serverName, alpn });
  const pieces =
    cut === undefined
      ? [[0, message.length]]
      : [
          [cut, message.length],
          [0, cut],
        ];
  return pieces.map(([from = 0, to = 0], packetNumber) => {
    const frames = new Uint8Array(1150);
    frames.set(cryptoFrame(from, message.subarray(from, to)));
    return sealInitial({ version, destinationId, sourceId, packetNumber }, frames, destinationId, 'client');
  });
}
