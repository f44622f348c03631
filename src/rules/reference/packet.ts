import { EtherType, IpProtocol, u16 } from '../../wire/index.js';
import { RULE_LIMITS } from '../model/index.js';

/**
 * A packet as docs/rules.md, "What a packet is", reads it. What it hasn't got is undefined. Offsets count from the frame's
 * first byte.
 */
export interface Packet {
  /** The frame, and nothing else. */
  readonly frame: Uint8Array;
  ethernet?: { readonly source: Uint8Array; readonly destination: Uint8Array };
  /** The ids of the tags. */
  outerTag?: number;
  innerTag?: number;
  etherType?: number;
  network?: number;
  ip?: IpHeader;
  fragment?: 'first' | 'later';
  protocol?: number;
  transport?: number;
  udp?: { readonly source: number; readonly destination: number };
  tcp?: { readonly source: number; readonly destination: number; readonly flags: number };
  /** Of ICMP over IPv4, or of ICMPv6 over IPv6. */
  icmp?: { readonly type: number; readonly code: number };
  payload?: number;
}

export interface IpHeader {
  readonly version: 4 | 6;
  readonly source: Uint8Array;
  readonly destination: Uint8Array;
  readonly dscp: number;
  readonly ttl: number;
  /** IPv4's protocol, IPv6's next header. */
  readonly nextHeader: number;
}

export function readPacket(frame: Uint8Array): Packet {
  const packet: Packet = { frame };
  if (frame.length < 14) return packet;
  packet.ethernet = { destination: frame.slice(0, 6), source: frame.slice(6, 12) };
  readTags(packet);
  if (packet.etherType === EtherType.ipv4) readIpv4(packet, packet.network!);
  if (packet.etherType === EtherType.ipv6) readIpv6(packet, packet.network!);
  if (packet.transport !== undefined) readTransport(packet, packet.transport);
  return packet;
}

const isTag = (type: number) => type === EtherType.vlan || type === EtherType.serviceVlan;

function readTags(packet: Packet): void {
  const { frame } = packet;
  let type = u16(frame, 12);
  let at = 14;
  for (const tag of ['outerTag', 'innerTag'] as const) {
    if (!isTag(type)) break;
    if (at + 4 > frame.length) return;
    packet[tag] = u16(frame, at) & 0x0fff;
    type = u16(frame, at + 2);
    at += 4;
  }
  packet.etherType = type;
  packet.network = at;
}

/** The IPv4 header at an offset, if there is a whole one. */
export function ipv4At(frame: Uint8Array, at: number): (IpHeader & { length: number; fragment: number }) | undefined {
  if (at + 20 > frame.length) return undefined;
  const version = frame[at]! >> 4;
  const length = (frame[at]! & 0x0f) * 4;
  if (version !== 4 || length < 20 || at + length > frame.length) return undefined;
  return {
    version,
    length,
    source: frame.slice(at + 12, at + 16),
    destination: frame.slice(at + 16, at + 20),
    dscp: frame[at + 1]! >> 2,
    ttl: frame[at + 8]!,
    nextHeader: frame[at + 9]!,
    fragment: u16(frame, at + 6),
  };
}

function readIpv4(packet: Packet, at: number): void {
  const header = ipv4At(packet.frame, at);
  if (header === undefined) return;
  packet.ip = header;
  packet.protocol = header.nextHeader;
  if ((header.fragment & 0x1fff) !== 0) packet.fragment = 'later';
  else {
    if ((header.fragment & 0x2000) !== 0) packet.fragment = 'first';
    packet.transport = at + header.length;
  }
}

/** The IPv6 header at an offset, if there is a whole one. */
export function ipv6At(frame: Uint8Array, at: number): IpHeader | undefined {
  if (at + 40 > frame.length || frame[at]! >> 4 !== 6) return undefined;
  return {
    version: 6,
    source: frame.slice(at + 8, at + 24),
    destination: frame.slice(at + 24, at + 40),
    // The traffic class is the low half of byte 0 and the high half of byte 1; DSCP is its upper six bits.
    dscp: (u16(frame, at) >> 6) & 0x3f,
    ttl: frame[at + 7]!,
    nextHeader: frame[at + 6]!,
  };
}

const EXTENSIONS: readonly number[] = [
  IpProtocol.hopByHop,
  IpProtocol.routing,
  IpProtocol.fragment,
  IpProtocol.authentication,
  IpProtocol.destinationOptions,
];

function readIpv6(packet: Packet, start: number): void {
  const { frame } = packet;
  const header = ipv6At(frame, start);
  if (header === undefined) return;
  packet.ip = header;
  let next = header.nextHeader;
  let at = start + 40;
  for (let walked = 0; EXTENSIONS.includes(next); walked++) {
    if (walked === RULE_LIMITS.extensionHeaders || at + 8 > frame.length) return;
    let length = (frame[at + 1]! + 1) * 8;
    if (next === IpProtocol.authentication) length = (frame[at + 1]! + 2) * 4;
    if (next === IpProtocol.fragment) length = 8;
    if (at + length > frame.length) return;
    if (next === IpProtocol.fragment) {
      const field = u16(frame, at + 2);
      if (field >> 3 !== 0) {
        packet.fragment = 'later';
        packet.protocol = frame[at]!;
        return;
      }
      if ((field & 1) !== 0) packet.fragment = 'first';
    }
    next = frame[at]!;
    at += length;
  }
  packet.protocol = next;
  packet.transport = at;
}

function readTransport(packet: Packet, at: number): void {
  const { frame, protocol } = packet;
  const room = frame.length - at;
  if (protocol === IpProtocol.udp && room >= 8) {
    packet.udp = { source: u16(frame, at), destination: u16(frame, at + 2) };
    packet.payload = at + 8;
  }
  if (protocol === IpProtocol.tcp && room >= 20) {
    packet.tcp = { source: u16(frame, at), destination: u16(frame, at + 2), flags: frame[at + 13]! };
    const length = (frame[at + 12]! >> 4) * 4;
    if (length >= 20 && length <= room) packet.payload = at + length;
  }
  if (protocol === (packet.ip!.version === 4 ? IpProtocol.icmp : IpProtocol.icmpv6) && room >= 8) {
    packet.icmp = { type: frame[at]!, code: frame[at + 1]! };
    packet.payload = at + 8;
  }
}
