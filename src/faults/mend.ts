import { type ChecksumMemory, fold, IPV4_HEADER, IpProtocol, PacketHeaders, setU16, u16 } from '../wire/index.js';
import type { Batch } from '../xsk/index.js';
import { packetLength } from './packet-bytes.js';

/** Offset of the checksum in the headers of TCP (RFC 9293), UDP (RFC 768), ICMP (RFC 792) and ICMPv6 (RFC 4443). */
const FIELD: Readonly<Record<number, number | undefined>> = {
  [IpProtocol.tcp]: 16,
  [IpProtocol.udp]: 6,
  [IpProtocol.icmp]: 2,
  [IpProtocol.icmpv6]: 2,
};

/**
 * Makes checksums right again after a packet was changed: of the IPv4 header, and of TCP, UDP, ICMP and ICMPv6 behind VLAN tags
 * and IPv6's extension headers. Lengths stay as they stand in the headers; what they say more than there is of the packet
 * can't be summed. All headers have to stand in the packet's first frame.
 */
export class Mend {
  readonly #memory: ChecksumMemory;
  readonly #headers = new PacketHeaders();

  constructor(memory: ChecksumMemory) {
    this.#memory = memory;
  }

  /** @returns whether every checksum that the packet has is right now; false for what isn't IP or isn't whole */
  packet(batch: Batch, first: number, end: number): boolean {
    const { bytes } = this.#memory;
    const headers = this.#headers.read(bytes, batch.addresses[first]!, batch.lengths[first]!);
    const { ipVersion, network, start } = headers;
    if (ipVersion === 0) return false;
    const there = start + packetLength(batch, first, end) - network;
    const total = ipVersion === 4 ? u16(bytes, network + 2) : 40 + u16(bytes, network + 4);
    if (ipVersion === 4 && !this.#ipv4Header(network, headers.end)) return false;
    // The checksum of a fragmented packet is over all of its fragments.
    return !headers.isFragment && total <= there && this.#transport(batch, first, total);
  }

  #ipv4Header(at: number, end: number): boolean {
    const { bytes } = this.#memory;
    const length = (bytes[at]! & 15) << 2;
    if (length < IPV4_HEADER || at + length > end) return false;
    setU16(bytes, at + 10, 0);
    setU16(bytes, at + 10, ~this.#memory.sum(at, length));
    return true;
  }

  /** @param total bytes from the IP header on, by its length field */
  #transport(batch: Batch, first: number, total: number): boolean {
    const { bytes } = this.#memory;
    const { ipVersion, network, protocol, transport, start } = this.#headers;
    if (protocol < 0) return false;
    const field = protocol === (ipVersion === 4 ? IpProtocol.icmpv6 : IpProtocol.icmp) ? undefined : FIELD[protocol];
    if (field === undefined) return true;
    if (transport < 0) return false;
    let length = network + total - transport;
    if (protocol === IpProtocol.udp) {
      const said = u16(bytes, transport + 4);
      if (said < 8 || said > length) return false;
      length = said;
      // RFC 768: the sender made none.
      if (ipVersion === 4 && u16(bytes, transport + field) === 0) return true;
    }
    setU16(bytes, transport + field, 0);
    let sum = this.#sum(batch, first, transport - start, length);
    if (ipVersion === 6) sum += this.#memory.sum(network + 8, 32) + protocol + length;
    else if (protocol !== IpProtocol.icmp) sum += this.#memory.sum(network + 12, 8) + protocol + length;
    const checksum = ~fold(sum) & 0xffff;
    setU16(bytes, transport + field, checksum === 0 && protocol === IpProtocol.udp ? 0xffff : checksum);
    return true;
  }

  /** The sum over bytes of a packet, which may lie in several frames. */
  #sum(batch: Batch, first: number, offset: number, length: number): number {
    let sum = 0;
    let skip = offset;
    for (let i = first, done = 0; done < length; i++) {
      const count = Math.min(batch.lengths[i]! - skip, length - done);
      if (count > 0) {
        const part = this.#memory.sum(batch.addresses[i]! + skip, count);
        // RFC 1071, section 2(B): what begins at an odd place is summed with its bytes swapped.
        sum += (done & 1) === 0 ? part : ((part & 0xff) << 8) | (part >> 8);
        done += count;
      }
      skip = Math.max(0, skip - batch.lengths[i]!);
    }
    return sum;
  }
}
