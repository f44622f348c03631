import { ipv6Text, parseIp } from './address-text.js';
import { copyOf, IPV6_HEADER, setU16, setU32, u32 } from './headers.js';

/** An IPv6 header (RFC 8200). The length is computed. */
export interface Ipv6 {
  readonly kind: 'ipv6';
  readonly source: string;
  readonly destination: string;
  /** 0 to 63 (RFC 2474). Default 0. */
  readonly dscp?: number;
  /** 0 to 3 (RFC 3168). Default 0. */
  readonly ecn?: number;
  /** 0 to 0xfffff (RFC 6437). Default 0. */
  readonly flowLabel?: number;
  /** Default 64. */
  readonly hopLimit?: number;
  /** Number of the first extension header, or of the transport layer. Default: the latter; 253 (RFC 3692) without one. */
  readonly nextHeader?: number;
  /** Extension headers as they are; `nextHeader` is the number of the first, and the last one names the transport. */
  readonly extensions?: Uint8Array;
}

export function ipv6HeaderLength(header: Ipv6): number {
  return IPV6_HEADER + (header.extensions?.length ?? 0);
}

/** @param length bytes of the packet, header included */
export function writeIpv6(bytes: Uint8Array, at: number, header: Ipv6, protocol: number, length: number): void {
  const trafficClass = ((header.dscp ?? 0) << 2) | (header.ecn ?? 0);
  setU32(bytes, at, 0x6000_0000 | (trafficClass << 20) | (header.flowLabel ?? 0));
  setU16(bytes, at + 4, length - IPV6_HEADER);
  bytes[at + 6] = protocol;
  bytes[at + 7] = header.hopLimit ?? 64;
  bytes.set(parseIp(header.source), at + 8);
  bytes.set(parseIp(header.destination), at + 24);
  if (header.extensions) bytes.set(header.extensions, at + IPV6_HEADER);
}

/** @param at of a whole header; `behind` is where its extension headers end */
export function readIpv6(bytes: Uint8Array, at: number, behind: number): Required<Ipv6> {
  const first = u32(bytes, at);
  return {
    kind: 'ipv6',
    source: ipv6Text(bytes, at + 8),
    destination: ipv6Text(bytes, at + 24),
    dscp: (first >>> 22) & 63,
    ecn: (first >>> 20) & 3,
    flowLabel: first & 0xfffff,
    hopLimit: bytes[at + 7]!,
    nextHeader: bytes[at + 6]!,
    extensions: copyOf(bytes, at + IPV6_HEADER, behind),
  };
}
