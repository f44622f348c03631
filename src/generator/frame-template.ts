import {
  ETHERNET_HEADER,
  encodeFrame,
  encodeQuicHeader,
  type Frame,
  ICMP_HEADER,
  IPV4_HEADER,
  IPV6_HEADER,
  ipv4Text,
  ipv6Text,
  macText,
  QuicVersion,
  TCP_HEADER,
  type Transport,
  UDP_HEADER,
  VLAN_TAG,
} from '../wire/index.js';
import { type FieldPlace, Sum } from './field-window.js';
import { type FrameFields, type QuicPacket, VARYING_FIELDS, type VaryingField } from './frame-fields.js';
import { bytesOf } from './numbers.js';

/** Bytes of the packet number behind a QUIC header. */
const PACKET_NUMBER = 2;
/** Where connection IDs begin: RFC 8999, sections 5.1 and 5.2. */
const SHORT_ID = 1;
const LONG_ID = 6;
const QUIC_TYPES = { initial: 'initial', '0rtt': 'zeroRtt', handshake: 'handshake' } as const;
const ECHO_REQUEST = { 4: 8, 6: 128 } as const;

/** Where the parts of a described frame stand; the same in all of its sizes. */
export interface FrameLayout {
  readonly network: number;
  readonly transport: number;
  readonly payload: number;
  /** Where a checksum stands; -1 for none. */
  readonly headerChecksum: number;
  readonly transportChecksum: number;
}

export function layoutOf(fields: FrameFields): FrameLayout {
  const network = ETHERNET_HEADER + fields.vlanPriorities.length * VLAN_TAG;
  const transport = network + (fields.ipVersion === 4 ? IPV4_HEADER : IPV6_HEADER);
  const [header, checksum] = TRANSPORTS[fields.protocol];
  const quic = fields.protocol === 'quic' ? quicHeader(fields, 0).length + PACKET_NUMBER : 0;
  return {
    network,
    transport,
    payload: transport + header + quic,
    headerChecksum: fields.ipVersion === 4 ? network + 10 : -1,
    transportChecksum: transport + checksum,
  };
}

/** Bytes of the transport header, and where its checksum stands. */
const TRANSPORTS = {
  udp: [UDP_HEADER, 6],
  quic: [UDP_HEADER, 6],
  tcp: [TCP_HEADER, 16],
  icmp: [ICMP_HEADER, 2],
} as const;

/** A frame in which every field has its first value. */
export function firstFrame(fields: FrameFields, payload: Uint8Array): Uint8Array {
  const bytes = (field: VaryingField) => {
    const values = fields.values.get(field)!;
    return bytesOf(values.first, values.bytes);
  };
  const ipText = fields.ipVersion === 4 ? ipv4Text : ipv6Text;
  const addresses = { source: ipText(bytes('source')), destination: ipText(bytes('destination')), dscp: fields.dscp };
  const tags = fields.vlanPriorities.length === 2 ? (['vlanOuter', 'vlanInner'] as const) : (['vlanInner'] as const);
  const frame: Frame = {
    ethernet: { source: macText(bytes('sourceMac')), destination: macText(bytes('destinationMac')) },
    vlan: fields.vlanPriorities.map((priority, i) => ({ id: first(fields, tags[i]!), priority })),
    network:
      fields.ipVersion === 4
        ? { kind: 'ipv4', ...addresses, ttl: fields.ttl, identification: first(fields, 'identification') }
        : { kind: 'ipv6', ...addresses, hopLimit: fields.ttl, flowLabel: first(fields, 'flowLabel') },
    transport: transportOf(fields),
    payload: fields.protocol === 'quic' ? quicPacket(fields, payload) : payload,
  };
  return encodeFrame(frame);
}

function first(fields: FrameFields, field: VaryingField): number {
  return Number(fields.values.get(field)!.first);
}

function transportOf(fields: FrameFields): Transport {
  if (fields.protocol === 'icmp') {
    const echo = { identifier: first(fields, 'icmpIdentifier'), sequence: first(fields, 'icmpSequence') };
    return { kind: 'icmp', type: ECHO_REQUEST[fields.ipVersion], ...echo };
  }
  const ports = { sourcePort: first(fields, 'sourcePort'), destinationPort: first(fields, 'destinationPort') };
  if (fields.protocol !== 'tcp') return { kind: 'udp', ...ports };
  return { kind: 'tcp', ...ports, flags: fields.tcpFlags, sequence: first(fields, 'tcpSequence') };
}

function quicPacket(fields: FrameFields, payload: Uint8Array): Uint8Array {
  const header = quicHeader(fields, payload.length);
  const packet = new Uint8Array(header.length + PACKET_NUMBER + payload.length);
  packet.set(header);
  packet.set(payload, header.length + PACKET_NUMBER);
  return packet;
}

function quicHeader(fields: FrameFields, payloadLength: number): Uint8Array {
  const id = (field: 'connectionId' | 'sourceConnectionId') => {
    const values = fields.values.get(field);
    return values === undefined ? new Uint8Array(0) : bytesOf(values.first, values.bytes);
  };
  const destinationId = id('connectionId');
  const { quicPacket } = fields;
  if (quicPacket === 'short')
    return encodeQuicHeader({ kind: 'short', destinationId, packetNumberLength: PACKET_NUMBER });
  return encodeQuicHeader({
    kind: 'long',
    type: QUIC_TYPES[quicPacket],
    version: fields.quicVersion === 1 ? QuicVersion.v1 : QuicVersion.v2,
    destinationId,
    sourceId: id('sourceConnectionId'),
    packetNumberLength: PACKET_NUMBER,
    length: PACKET_NUMBER + payloadLength,
  });
}

/** Where a field stands, and which checksums it is part of. */
export function placeOf(field: VaryingField, fields: FrameFields, layout: FrameLayout): FieldPlace {
  const [at, sums] = position(field, fields, layout);
  return { at, sums, stream: VARYING_FIELDS.indexOf(field) };
}

function position(field: VaryingField, fields: FrameFields, { network, transport }: FrameLayout): [number, number] {
  const four = fields.ipVersion === 4;
  // ICMP over IPv4 has no pseudo-header (RFC 792).
  const pseudo = fields.protocol === 'icmp' && four ? Sum.none : Sum.transport;
  const quic = transport + UDP_HEADER + idOffset(fields.quicPacket);
  switch (field) {
    case 'destinationMac':
      return [0, Sum.none];
    case 'sourceMac':
      return [6, Sum.none];
    case 'vlanOuter':
      return [ETHERNET_HEADER, Sum.none];
    case 'vlanInner':
      return [network - VLAN_TAG, Sum.none];
    case 'source':
      return four ? [network + 12, Sum.header | pseudo] : [network + 8, pseudo];
    case 'destination':
      return four ? [network + 16, Sum.header | pseudo] : [network + 24, pseudo];
    case 'identification':
      return [network + 4, Sum.header];
    case 'flowLabel':
      return [network, Sum.none];
    case 'sourcePort':
      return [transport, Sum.transport];
    case 'destinationPort':
      return [transport + 2, Sum.transport];
    case 'tcpSequence':
    case 'icmpIdentifier':
      return [transport + 4, Sum.transport];
    case 'icmpSequence':
      return [transport + 6, Sum.transport];
    case 'connectionId':
      return [quic, Sum.transport];
    case 'sourceConnectionId':
      return [quic + (fields.values.get('connectionId')?.bytes ?? 0) + 1, Sum.transport];
  }
}

function idOffset(packet: QuicPacket): number {
  return packet === 'short' ? SHORT_ID : LONG_ID;
}
