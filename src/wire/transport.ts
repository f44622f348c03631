import { copyOf, ICMP_HEADER, setU16, setU32, TCP_HEADER, UDP_HEADER, u16, u32 } from './headers.js';

/** A UDP header (RFC 768). The length is computed. */
export interface Udp {
  readonly kind: 'udp';
  readonly sourcePort: number;
  readonly destinationPort: number;
  /** Default: the right one. 0 says that there is none. */
  readonly checksum?: number;
}

/** Bits of TCP's flags byte (RFC 9293, section 3.1). */
export const TcpFlag = { fin: 1, syn: 2, rst: 4, psh: 8, ack: 16, urg: 32, ece: 64, cwr: 128 } as const;

/** A TCP header (RFC 9293). */
export interface Tcp {
  readonly kind: 'tcp';
  readonly sourcePort: number;
  readonly destinationPort: number;
  /** Default 0. */
  readonly sequence?: number;
  /** Default 0. */
  readonly acknowledgment?: number;
  /** A sum of {@link TcpFlag}. Default `ack`. */
  readonly flags?: number;
  /** Default 65535. */
  readonly window?: number;
  /** Default 0. */
  readonly urgent?: number;
  /** As they are, 0 to 40 bytes, a multiple of 4. */
  readonly options?: Uint8Array;
  /** Default: the right one. */
  readonly checksum?: number;
}

/** The header of ICMP (RFC 792) over IPv4, and of ICMPv6 (RFC 4443) over IPv6. */
export interface Icmp {
  readonly kind: 'icmp';
  readonly type: number;
  /** Default 0. */
  readonly code?: number;
  /** The second word's halves, as an echo request names them. Default 0. */
  readonly identifier?: number;
  readonly sequence?: number;
  /** Default: the right one. */
  readonly checksum?: number;
}

export type Transport = Udp | Tcp | Icmp;

/** Where the checksum stands in each header. */
export const CHECKSUM_FIELD = { udp: 6, tcp: 16, icmp: 2 } as const;

export function transportHeaderLength(header: Transport): number {
  if (header.kind === 'tcp') return TCP_HEADER + (header.options?.length ?? 0);
  return header.kind === 'udp' ? UDP_HEADER : ICMP_HEADER;
}

/** @param length bytes of header and payload; the checksum is left 0 unless it is given */
export function writeTransport(bytes: Uint8Array, at: number, header: Transport, length: number): void {
  setU16(bytes, at + CHECKSUM_FIELD[header.kind], header.checksum ?? 0);
  if (header.kind === 'icmp') {
    bytes[at] = header.type;
    bytes[at + 1] = header.code ?? 0;
    setU16(bytes, at + 4, header.identifier ?? 0);
    setU16(bytes, at + 6, header.sequence ?? 0);
    return;
  }
  setU16(bytes, at, header.sourcePort);
  setU16(bytes, at + 2, header.destinationPort);
  if (header.kind === 'udp') {
    setU16(bytes, at + 4, length);
    return;
  }
  setU32(bytes, at + 4, header.sequence ?? 0);
  setU32(bytes, at + 8, header.acknowledgment ?? 0);
  bytes[at + 12] = (transportHeaderLength(header) >> 2) << 4;
  bytes[at + 13] = header.flags ?? TcpFlag.ack;
  setU16(bytes, at + 14, header.window ?? 0xffff);
  setU16(bytes, at + 18, header.urgent ?? 0);
  if (header.options) bytes.set(header.options, at + TCP_HEADER);
}

/** @param at of a whole header */
export function readTransport(bytes: Uint8Array, at: number, kind: Transport['kind']): Required<Transport> {
  const checksum = u16(bytes, at + CHECKSUM_FIELD[kind]);
  if (kind === 'icmp') {
    const [type, code] = [bytes[at]!, bytes[at + 1]!];
    return { kind, type, code, identifier: u16(bytes, at + 4), sequence: u16(bytes, at + 6), checksum };
  }
  const ports = { sourcePort: u16(bytes, at), destinationPort: u16(bytes, at + 2) };
  if (kind === 'udp') return { kind, ...ports, checksum };
  return {
    kind,
    ...ports,
    sequence: u32(bytes, at + 4),
    acknowledgment: u32(bytes, at + 8),
    flags: bytes[at + 13]!,
    window: u16(bytes, at + 14),
    urgent: u16(bytes, at + 18),
    options: copyOf(bytes, at + TCP_HEADER, at + ((bytes[at + 12]! >> 4) << 2)),
    checksum,
  };
}
