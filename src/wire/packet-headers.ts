import {
  EtherType,
  ICMP_HEADER,
  IPV4_HEADER,
  IPV6_HEADER,
  IpProtocol,
  payloadOffset,
  TCP_HEADER,
  UDP_HEADER,
  u16,
} from './headers.js';

/**
 * Where the headers of a frame stand. One object for many frames: {@link read} fills it again. Offsets are those of the
 * given bytes; -1 stands for a header that is not there, or not whole. Nothing is read beyond the frame.
 */
export class PacketHeaders {
  /** The frame. */
  start = 0;
  end = 0;
  /** How many VLAN tags it has; the first one's TCI stands 14 bytes behind `start`, the others 4 bytes on each. */
  vlanTags = 0;
  /** The EtherType behind the tags; 0 when the frame ends before it. */
  etherType = 0;
  /** What the EtherType announces: the ARP or IP header, for one. */
  network = -1;
  /** 4, 6, or 0 for what isn't IP, or whose fixed header isn't whole. */
  ipVersion: 0 | 4 | 6 = 0;
  /** Where the IP packet ends: Ethernet's padding stands behind it. Never beyond `end`. */
  packetEnd = 0;
  /** Whether the packet is a fragment, the first one included. */
  isFragment = false;
  /** Number of what follows the IP header and the extension headers (RFC 8200, section 4); -1 when it can't be told. */
  protocol = -1;
  /** The header of that protocol, whole but for TCP's options. A fragment that isn't the first has none. */
  transport = -1;
  /** What follows the header of TCP (with its options), UDP, ICMP or ICMPv6. */
  payload = -1;

  /** @returns itself */
  read(bytes: Uint8Array, start: number, length: number): this {
    this.start = start;
    this.end = start + length;
    this.packetEnd = this.end;
    this.ipVersion = 0;
    this.isFragment = false;
    this.protocol = -1;
    this.transport = -1;
    this.payload = -1;
    const network = payloadOffset(bytes, start, length);
    this.network = network;
    if (network < 0) {
      this.vlanTags = 0;
      this.etherType = 0;
      return this;
    }
    this.vlanTags = (network - start - 14) >> 2;
    this.etherType = u16(bytes, network - 2);
    if (this.etherType === EtherType.ipv4) this.#readIpv4(bytes, network);
    else if (this.etherType === EtherType.ipv6) this.#readIpv6(bytes, network);
    return this;
  }

  #readIpv4(bytes: Uint8Array, at: number): void {
    if (at + IPV4_HEADER > this.end || bytes[at]! >> 4 !== 4) return;
    this.ipVersion = 4;
    this.protocol = bytes[at + 9]!;
    const header = (bytes[at]! & 15) << 2;
    const total = u16(bytes, at + 2);
    if (header < IPV4_HEADER || total < header) return;
    this.packetEnd = Math.min(at + total, this.end);
    const fragment = u16(bytes, at + 6);
    this.isFragment = (fragment & 0x3fff) !== 0;
    if ((fragment & 0x1fff) === 0) this.#readTransport(bytes, at + header);
  }

  #readIpv6(bytes: Uint8Array, network: number): void {
    if (network + IPV6_HEADER > this.end || bytes[network]! >> 4 !== 6) return;
    this.ipVersion = 6;
    this.packetEnd = Math.min(network + IPV6_HEADER + u16(bytes, network + 4), this.end);
    let next = bytes[network + 6]!;
    let at = network + IPV6_HEADER;
    while (isExtension(next)) {
      if (at + 8 > this.packetEnd) return;
      const type = next;
      next = bytes[at]!;
      if (type === IpProtocol.fragment) {
        // RFC 8200, section 4.5: offset, two reserved bits, "more fragments".
        const field = u16(bytes, at + 2);
        this.isFragment = (field & 0xfff9) !== 0;
        if ((field & 0xfff8) !== 0) {
          // What follows is the middle of something; its number is that of the first fragment's next header.
          if (!isExtension(next)) this.protocol = next;
          return;
        }
        at += 8;
      } else if (type === IpProtocol.authentication) at += (bytes[at + 1]! + 2) << 2;
      else at += (bytes[at + 1]! + 1) << 3;
    }
    this.protocol = next;
    if (next !== IpProtocol.noNextHeader) this.#readTransport(bytes, at);
  }

  #readTransport(bytes: Uint8Array, at: number): void {
    const room = this.packetEnd - at;
    if (room <= 0) return;
    const { protocol } = this;
    let header = 0;
    if (protocol === IpProtocol.tcp) header = TCP_HEADER;
    else if (protocol === IpProtocol.udp) header = UDP_HEADER;
    else if (protocol === (this.ipVersion === 4 ? IpProtocol.icmp : IpProtocol.icmpv6)) header = ICMP_HEADER;
    if (header > room) return;
    this.transport = at;
    if (protocol === IpProtocol.tcp) {
      header = (bytes[at + 12]! >> 4) << 2;
      if (header < TCP_HEADER || header > room) return;
    }
    if (header > 0) this.payload = at + header;
  }
}

/** RFC 8200, section 4, and the IANA list "IPv6 Extension Header Types", without ESP, which nobody can look behind. */
function isExtension(protocol: number): boolean {
  return (
    protocol === IpProtocol.hopByHop ||
    protocol === IpProtocol.routing ||
    protocol === IpProtocol.fragment ||
    protocol === IpProtocol.authentication ||
    protocol === IpProtocol.destinationOptions ||
    protocol === IpProtocol.mobility ||
    protocol === IpProtocol.hip ||
    protocol === IpProtocol.shim6
  );
}
