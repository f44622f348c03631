import type { Numbers, OneOrMore } from './numbers.js';

/** What XDP for Windows has no match for. Where a list is allowed, one entry of it has to be right. */
export type PacketMatch =
  | MacMatch
  | EtherTypeMatch
  | VlanMatch
  | PrefixMatch
  | IpProtocolMatch
  | DscpMatch
  | TtlMatch
  | FragmentMatch
  | PortsMatch
  | TcpFlagsMatch
  | IcmpMatch
  | QuicMatch
  | LengthMatch
  | BytesMatch;

export interface MacMatch {
  readonly type: 'src-mac' | 'dst-mac';
  /** `02:00:00:00:00:01`. */
  readonly mac: OneOrMore<string>;
}

/** The EtherType behind the VLAN tags, of which there are two at most. */
export interface EtherTypeMatch {
  readonly type: 'ether-type';
  /** 0 to 0xffff. */
  readonly value: Numbers;
}

/** A VLAN tag (0x8100 or 0x88a8) is there, with one of these ids if some are given. */
export interface VlanMatch {
  readonly type: 'vlan';
  /** Which tag: the first behind the addresses, or the second. Default `outer`. */
  readonly tag?: 'outer' | 'inner';
  /** 0 to 4095. Default: any. */
  readonly id?: Numbers;
}

/** The IP address begins with one of the prefixes. */
export interface PrefixMatch {
  readonly type: 'src-prefix' | 'dst-prefix';
  /** `10.0.0.0/8`, `2001:db8::/32`; without a length the address alone. IPv4 and IPv6 may be mixed. */
  readonly prefix: OneOrMore<string>;
}

/** The protocol behind the IP header and IPv6's extension headers: 6 is TCP. */
export interface IpProtocolMatch {
  readonly type: 'ip-protocol';
  /** 0 to 255. */
  readonly protocol: Numbers;
}

export interface DscpMatch {
  readonly type: 'dscp';
  /** 0 to 63. */
  readonly value: Numbers;
}

/** Time to live, or hop limit. */
export interface TtlMatch {
  readonly type: 'ttl';
  /** 0 to 255. */
  readonly value: Numbers;
}

/** A fragment of an IP packet: the first one (which has the transport header), a later one, or either. */
export interface FragmentMatch {
  readonly type: 'fragment';
  /** Default `any`. */
  readonly part?: 'any' | 'first' | 'later';
}

/** A port of TCP or UDP. */
export interface PortsMatch {
  readonly type: 'port';
  /** Default `either`. */
  readonly protocol?: 'tcp' | 'udp' | 'either';
  /** Default `either`: one of the two is in the set. */
  readonly side?: 'src' | 'dst' | 'either';
  /** 0 to 65535. */
  readonly ports: Numbers;
}

export type TcpFlagName = 'fin' | 'syn' | 'rst' | 'psh' | 'ack' | 'urg' | 'ece' | 'cwr';

/** A TCP header is there in which all of `set` are set and none of `clear`. */
export interface TcpFlagsMatch {
  readonly type: 'tcp-flags';
  readonly set?: readonly TcpFlagName[];
  readonly clear?: readonly TcpFlagName[];
}

/** An ICMP header over IPv4, an ICMPv6 header over IPv6. */
export interface IcmpMatch {
  readonly type: 'icmpv4' | 'icmpv6';
  /** 0 to 255. Default: any. */
  readonly icmpType?: Numbers;
  /** 0 to 255. Default: any. */
  readonly code?: Numbers;
}

/**
 * A UDP packet whose payload, read as a QUIC packet, has all that is given. Nothing tells QUIC from other payloads:
 * combine it with ports.
 */
export interface QuicMatch {
  readonly type: 'quic';
  /** Default: either. */
  readonly form?: 'long' | 'short';
  /** Of a long header: 0 to 0xffffffff. Version 1 is 1, version 2 is 0x6b3343cf. */
  readonly version?: Numbers;
  readonly packet?: OneOrMore<QuicPacketName>;
}

/** `one-rtt` has the short header; `initial` to `retry` are told of QUIC versions 1 and 2. */
export type QuicPacketName = 'version-negotiation' | 'initial' | 'zero-rtt' | 'handshake' | 'retry' | 'one-rtt';

/** Bytes of the frame from the Ethernet header on, without a frame check sequence. */
export interface LengthMatch {
  readonly type: 'length';
  /** 0 to 65535. */
  readonly value: Numbers;
}

/** The frame's bytes at an offset, under the mask, are the value. */
export interface BytesMatch {
  readonly type: 'bytes';
  /**
   * Where the offset counts from: the frame's first byte, what the EtherType announces, what follows the IP header and
   * its extension headers, or what follows the header of TCP, UDP or ICMP. Default `frame`.
   */
  readonly from?: 'frame' | 'network' | 'transport' | 'payload';
  /** Bytes, 0 to 9215. */
  readonly offset: number;
  /** 1 to 32 bytes as hexadecimal digits. */
  readonly value: string;
  /** As long as `value`, which has no bit outside of it. Default: all bits. */
  readonly mask?: string;
}
