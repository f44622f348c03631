import { EtherType, IpProtocol, payloadOffset, u16 } from './headers.js';

/** Folds a sum of 16-bit words to 16 bits (RFC 1071, section 4.1). */
export function fold(sum: number): number {
  let folded = sum;
  while (folded > 0xffff) folded = (folded & 0xffff) + Math.floor(folded / 0x1_0000);
  return folded;
}

/**
 * Packet memory seen in bytes and in words, for sums over it. One per UMEM, made once.
 */
export class ChecksumMemory {
  readonly bytes: Uint8Array;
  readonly #words: Uint32Array;
  readonly #halves: Uint16Array;

  /** @param bytes starts at a multiple of 4 of its buffer */
  constructor(bytes: Uint8Array) {
    this.bytes = bytes;
    this.#halves = new Uint16Array(bytes.buffer, bytes.byteOffset, bytes.length >> 1);
    this.#words = new Uint32Array(bytes.buffer, bytes.byteOffset, bytes.length >> 2);
  }

  /** The folded one's complement sum of a range (RFC 1071), as big-endian words. At most 64 KiB. */
  sum(start: number, length: number): number {
    const { bytes } = this;
    const end = start + length;
    let at = start;
    let low = 0;
    let high = 0;
    if ((at & 1) === 0) {
      // Little-endian sums, swapped at the end: RFC 1071, section 2(B).
      if ((at & 2) !== 0 && at + 2 <= end) {
        low += this.#halves[at >> 1]!;
        at += 2;
      }
      const lastWord = (end - 4) >>> 2;
      if (end - at >= 4) {
        for (let i = at >>> 2; i <= lastWord; i++) {
          const word = this.#words[i]!;
          low += word & 0xffff;
          high += word >>> 16;
        }
        at = (lastWord + 1) * 4;
      }
      if (at + 2 <= end) {
        low += this.#halves[at >> 1]!;
        at += 2;
      }
      if (at < end) low += bytes[at]!;
      const sum = fold(low + high);
      return ((sum & 0xff) << 8) | (sum >> 8);
    }
    for (; at + 1 < end; at += 2) low += u16(bytes, at);
    if (at < end) low += bytes[at]! << 8;
    return fold(low);
  }

  /**
   * Completes a checksum that the sender left to hardware which is not there: Linux then stores the sum of the
   * pseudo-header alone (CHECKSUM_PARTIAL, include/linux/skbuff.h). It is told by exactly that value, and for a packet
   * whose right checksum happens to have it, completing gives the same value again. TCP and UDP over IPv4 and IPv6,
   * behind VLAN tags, not in fragments.
   *
   * @returns whether it wrote a checksum
   */
  complete(start: number, length: number): boolean {
    const { bytes } = this;
    const ip = payloadOffset(bytes, start, length);
    if (ip < 0) return false;
    const end = start + length;
    const type = u16(bytes, ip - 2);
    if (type === EtherType.ipv4) {
      if (ip + 20 > end || bytes[ip]! >> 4 !== 4) return false;
      const header = (bytes[ip]! & 15) << 2;
      const total = u16(bytes, ip + 2);
      // Neither "more fragments" nor an offset (RFC 791).
      if (header < 20 || total < header || ip + total > end || (u16(bytes, ip + 6) & 0x3fff) !== 0) return false;
      return this.#completeTransport(ip + 12, 8, bytes[ip + 9]!, ip + header, total - header);
    }
    if (type !== EtherType.ipv6 || ip + 40 > end) return false;
    const stop = ip + 40 + u16(bytes, ip + 4);
    if (stop > end) return false;
    let next = bytes[ip + 6]!;
    let at = ip + 40;
    while ((next === IpProtocol.hopByHop || next === IpProtocol.destinationOptions) && at + 8 <= stop) {
      next = bytes[at]!;
      at += (bytes[at + 1]! + 1) << 3;
    }
    return at <= stop && this.#completeTransport(ip + 8, 32, next, at, stop - at);
  }

  #completeTransport(addresses: number, addressBytes: number, protocol: number, at: number, length: number): boolean {
    const field = protocol === IpProtocol.tcp ? 16 : protocol === IpProtocol.udp ? 6 : -1;
    if (field < 0 || length < (protocol === IpProtocol.tcp ? 20 : 8)) return false;
    const { bytes } = this;
    const stored = u16(bytes, at + field);
    if (stored !== fold(this.sum(addresses, addressBytes) + protocol + length)) return false;
    // The field holds the pseudo-header's sum, so that summing the segment over it gives the whole.
    let checksum = ~this.sum(at, length) & 0xffff;
    // RFC 768: 0 would say that there is no checksum.
    if (checksum === 0 && protocol === IpProtocol.udp) checksum = 0xffff;
    bytes[at + field] = checksum >> 8;
    bytes[at + field + 1] = checksum & 0xff;
    return true;
  }
}
