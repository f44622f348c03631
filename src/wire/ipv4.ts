import { ipv4Text, parseIp } from './address-text.js';
import { copyOf, IPV4_HEADER, setU16, u16 } from './headers.js';

/** An IPv4 header (RFC 791). Lengths and version are computed. */
export interface Ipv4 {
  readonly kind: 'ipv4';
  readonly source: string;
  readonly destination: string;
  /** 0 to 63 (RFC 2474). Default 0. */
  readonly dscp?: number;
  /** 0 to 3 (RFC 3168). Default 0. */
  readonly ecn?: number;
  /** Default 0. */
  readonly identification?: number;
  /** Default true. */
  readonly dontFragment?: boolean;
  readonly moreFragments?: boolean;
  /** Bytes, a multiple of 8. Default 0. */
  readonly fragmentOffset?: number;
  /** Default 64. */
  readonly ttl?: number;
  /** Default: that of the transport layer; 253 (RFC 3692) without one. */
  readonly protocol?: number;
  /** As they are, 0 to 40 bytes, a multiple of 4. */
  readonly options?: Uint8Array;
  /** Default: the right one. */
  readonly checksum?: number;
}

export function ipv4HeaderLength(header: Ipv4): number {
  return IPV4_HEADER + (header.options?.length ?? 0);
}

/** @param length bytes of the packet, header included; the checksum is left 0 unless it is given */
export function writeIpv4(bytes: Uint8Array, at: number, header: Ipv4, protocol: number, length: number): void {
  const { dontFragment = true, moreFragments = false, fragmentOffset = 0 } = header;
  bytes[at] = 0x40 | (ipv4HeaderLength(header) >> 2);
  bytes[at + 1] = ((header.dscp ?? 0) << 2) | (header.ecn ?? 0);
  setU16(bytes, at + 2, length);
  setU16(bytes, at + 4, header.identification ?? 0);
  setU16(bytes, at + 6, (dontFragment ? 0x4000 : 0) | (moreFragments ? 0x2000 : 0) | (fragmentOffset >> 3));
  bytes[at + 8] = header.ttl ?? 64;
  bytes[at + 9] = protocol;
  setU16(bytes, at + 10, header.checksum ?? 0);
  bytes.set(parseIp(header.source), at + 12);
  bytes.set(parseIp(header.destination), at + 16);
  if (header.options) bytes.set(header.options, at + IPV4_HEADER);
}

/** @param at of a whole header */
export function readIpv4(bytes: Uint8Array, at: number): Required<Ipv4> {
  const fragment = u16(bytes, at + 6);
  return {
    kind: 'ipv4',
    source: ipv4Text(bytes, at + 12),
    destination: ipv4Text(bytes, at + 16),
    dscp: bytes[at + 1]! >> 2,
    ecn: bytes[at + 1]! & 3,
    identification: u16(bytes, at + 4),
    dontFragment: (fragment & 0x4000) !== 0,
    moreFragments: (fragment & 0x2000) !== 0,
    fragmentOffset: (fragment & 0x1fff) << 3,
    ttl: bytes[at + 8]!,
    protocol: bytes[at + 9]!,
    options: copyOf(bytes, at + IPV4_HEADER, at + ((bytes[at]! & 15) << 2)),
    checksum: u16(bytes, at + 10),
  };
}
