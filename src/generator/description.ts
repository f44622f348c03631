/**
 * A number, or how a field varies from frame to frame:
 *
 * | text | frame n has |
 * |---|---|
 * | `80`, `10.0.0.1`, `c0ffee` | always this |
 * | `1000-1999`, `10.0.0.1-10.0.0.9` | one after the other, then the first again |
 * | `1000-1999+10` | every tenth of them |
 * | `10.0.0.0/24`, `2001:db8::/64`, `c0ff000000000000/16` | all that begin with these bits |
 * | `random:1000-1999`, `random:10.0.0.0/8` | one of them, chosen by the seed and n |
 *
 * All fields step at the same time. Of more than 2^32 values the first 2^32 are stepped through; a random choice has no
 * such limit where a prefix is given.
 */
export type Varying = number | string;

/**
 * What frames look like. Everything may be left out. The same names, with dashes, are the options of `xdpkit generate`
 * ({@link TrafficDescription.sourceMac} is `--source-mac`).
 */
export interface FrameDescription {
  /** MAC addresses; vary. Default 02:00:00:00:00:01 to 02:00:00:00:00:02. */
  readonly sourceMac?: string;
  readonly destinationMac?: string;
  /** VLAN IDs (0 to 4095; vary), the outer one of two first (IEEE 802.1ad). A priority follows an at sign: `100@3`. */
  readonly vlan?: Varying | readonly Varying[];
  /** IP addresses, both of one family; vary. Default 198.18.0.1 to 198.19.0.1, or 2001:2::1 to 2001:2::2 (RFC 2544, RFC 5180). */
  readonly source?: string;
  readonly destination?: string;
  /** 0 to 63. Default 0. */
  readonly dscp?: number | string;
  /** Time to live or hop limit, 0 to 255. Default 64. */
  readonly ttl?: number | string;
  /** IPv6: 0 to 1048575; varies. Default 0. */
  readonly flowLabel?: Varying;
  /** IPv4: 0 to 65535; varies. Default 0. */
  readonly identification?: Varying;
  /** Default `udp`. `icmp` are echo requests, of ICMPv6 between IPv6 addresses. */
  readonly protocol?: 'udp' | 'tcp' | 'icmp' | 'quic';
  /** UDP, TCP, QUIC: 0 to 65535; vary. Default 1024 to 9 (RFC 863), for QUIC to 443. */
  readonly sourcePort?: Varying;
  readonly destinationPort?: Varying;
  /** TCP: names separated by commas: fin, syn, rst, psh, ack, urg, ece, cwr. Default `syn`. */
  readonly tcpFlags?: string;
  /** TCP: 0 to 2^32 - 1; varies. Default 0. */
  readonly tcpSequence?: Varying;
  /** ICMP: 0 to 65535; vary. Default 0, and 0-65535. */
  readonly icmpIdentifier?: Varying;
  readonly icmpSequence?: Varying;
  /** QUIC: the kind of packet. Default `short`. Nothing is encrypted: what follows the header is the payload. */
  readonly quicPacket?: 'short' | 'initial' | '0rtt' | 'handshake';
  /** QUIC, not `short`: 1 or 2 (RFC 9369). Default 1. */
  readonly quicVersion?: number | string;
  /** QUIC: the destination's, 1 to 20 bytes as hexadecimal digits, or `none`; varies. Default c0c1c2c3c4c5c6c7. */
  readonly connectionId?: string;
  /** QUIC, not `short`: the source's. Default d0d1d2d3d4d5d6d7. */
  readonly sourceConnectionId?: string;
  /**
   * Bytes of a frame, without the frame check sequence: 14 to 9216. A number, sizes one after the other (`64-1500+4`), a
   * mix (`64:7,576:4,1500:1`: seven of the first to one of the last, evenly spread), or `random:` before either.
   * Default: 64, or what `text:` and `hex:` need, or what the headers need.
   */
  readonly size?: number | string;
  /**
   * What follows the headers: `zeros`, `pattern` (00 01 02 … ff 00 …), `text:` or `hex:` and what to repeat, `random`
   * (by the seed, the same in all frames), or `measure`: zeros and at the end what `xdpkit receive` measures by (magic,
   * stream, sequence number, time). Default `zeros`.
   */
  readonly payload?: string;
  /** A number for receivers to tell streams apart, with `measure`: 0 to 2^32 - 1. Default 0. */
  readonly stream?: number | string;
  /** 0 to 2^32 - 1: chooses what is random. Default 0. */
  readonly seed?: number | string;
}

/** Frames, how fast and how many of them. */
export interface TrafficDescription extends FrameDescription {
  /** A pcap or pcapng file whose frames are sent, instead of described ones. */
  readonly replay?: string;
  /** How often it is replayed; 0 is until stopped. Default 1. */
  readonly loop?: number | string;
  /**
   * Frames in a second (`1000`, `1.5M`, `100kpps`) or bits of frames in a second (`1Gbit`, `250Mbit/s`; frames counted
   * as {@link size} does), or `max`. Default `max`; for a replay as it was captured.
   */
  readonly rate?: number | string;
  /** Frames in all (`1000`, `1M`). Default: until stopped. */
  readonly count?: number | string;
  /** Seconds, or a time with its unit: `500ms`, `10s`, `5m`, `1h`. Default: until stopped. */
  readonly duration?: number | string;
}
