import type { Numbers } from './numbers.js';

/**
 * The 23 matches of XDP for Windows. `udp-dst` is XDP_MATCH_UDP_DST, and so on. Ports are 0 to 65535, addresses texts
 * without a prefix length. docs/rules.md tells exactly what each one means, and where that differs from Windows.
 */
export type WindowsMatch =
  | AllPacketsMatch
  | UdpMatch
  | PortMatch<'udp-dst' | 'tcp-dst' | 'tcp-control-dst'>
  | AddressMaskMatch<'ipv4-dst-mask' | 'inner-ipv4-dst-mask-udp'>
  | AddressMaskMatch<'ipv6-dst-mask' | 'inner-ipv6-dst-mask-udp'>
  | QuicFlowMatch
  | UdpTupleMatch<'ipv4-udp-tuple'>
  | UdpTupleMatch<'ipv6-udp-tuple'>
  | PortSetMatch
  | AddressPortSetMatch<'ipv4-udp-port-set' | 'ipv4-tcp-port-set'>
  | AddressPortSetMatch<'ipv6-udp-port-set' | 'ipv6-tcp-port-set'>
  | NextHeaderMatch
  | EchoReplyMatch<'icmpv4-echo-reply-ip-dst'>
  | EchoReplyMatch<'icmpv6-echo-reply-ip-dst'>;

/** Every packet, whatever it is. */
export interface AllPacketsMatch {
  readonly type: 'all';
}

/** A UDP header is there. */
export interface UdpMatch {
  readonly type: 'udp';
}

/** The destination port of UDP or TCP; for `tcp-control-dst` one of SYN, FIN and RST is set as well. */
export interface PortMatch<Type extends 'udp-dst' | 'tcp-dst' | 'tcp-control-dst'> {
  readonly type: Type;
  readonly port: number;
}

/** The destination, under the mask, is the address. Bits of the address outside of the mask have to be 0. */
export interface AddressMaskMatch<
  Type extends 'ipv4-dst-mask' | 'ipv6-dst-mask' | 'inner-ipv4-dst-mask-udp' | 'inner-ipv6-dst-mask-udp',
> {
  readonly type: Type;
  readonly address: string;
  /** Written as an address: `255.255.255.0`, `ffff:ffff::`. Needs not be a prefix. */
  readonly mask: string;
}

/**
 * A QUIC connection ID, by some of its bytes: of the source's in long headers (`-src-cid`), of the destination's in short
 * headers (`-dst-cid`).
 */
export interface QuicFlowMatch {
  readonly type: 'quic-flow-src-cid' | 'quic-flow-dst-cid' | 'tcp-quic-flow-src-cid' | 'tcp-quic-flow-dst-cid';
  /** The destination port of UDP or TCP, in both directions of the ID. */
  readonly port: number;
  /** Bytes of the connection ID before those compared. With `cid` 20 at most. Default 0. */
  readonly offset?: number;
  /** 1 to 20 bytes as hexadecimal digits. */
  readonly cid: string;
}

/** Both addresses and both ports of UDP. */
export interface UdpTupleMatch<Type extends 'ipv4-udp-tuple' | 'ipv6-udp-tuple'> {
  readonly type: Type;
  readonly src: string;
  readonly dst: string;
  readonly srcPort: number;
  readonly dstPort: number;
}

/** The destination port of UDP is in the set. */
export interface PortSetMatch {
  readonly type: 'udp-port-set';
  readonly ports: Numbers;
}

/** The destination address is the one given, and the destination port is in the set. */
export interface AddressPortSetMatch<
  Type extends 'ipv4-udp-port-set' | 'ipv6-udp-port-set' | 'ipv4-tcp-port-set' | 'ipv6-tcp-port-set',
> {
  readonly type: Type;
  readonly address: string;
  readonly ports: Numbers;
}

/** The field of the IP header itself: IPv4's protocol, IPv6's next header. */
export interface NextHeaderMatch {
  readonly type: 'ip-next-header';
  /** 0 to 255. */
  readonly protocol: number;
}

/** An echo reply of ICMP or ICMPv6 to this address. */
export interface EchoReplyMatch<Type extends 'icmpv4-echo-reply-ip-dst' | 'icmpv6-echo-reply-ip-dst'> {
  readonly type: Type;
  readonly address: string;
}
