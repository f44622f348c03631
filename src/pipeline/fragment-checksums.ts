import { type ChecksumMemory, fold, IpProtocol, PacketHeaders, u16 } from '../wire/index.js';
import type { Batch } from '../xsk/index.js';

/** Offset of the checksum in the headers of TCP (RFC 9293) and UDP (RFC 768). */
const FIELD: Readonly<Record<number, number | undefined>> = { [IpProtocol.tcp]: 16, [IpProtocol.udp]: 6 };

/**
 * Completes checksums that the sender left to hardware, as `ChecksumMemory.complete` does, of packets that lie in several
 * fragments. All headers have to stand in the first one.
 */
export class FragmentChecksums {
  readonly #memory: ChecksumMemory;
  readonly #headers = new PacketHeaders();

  constructor(memory: ChecksumMemory) {
    this.#memory = memory;
  }

  /**
   * @param first frame of the packet in the batch, and the one behind its last
   * @returns whether it wrote a checksum
   */
  complete(batch: Batch, first: number, end: number): boolean {
    const { bytes } = this.#memory;
    const start = batch.addresses[first]!;
    const { ipVersion, network, protocol, transport, isFragment } = this.#headers.read(
      bytes,
      start,
      batch.lengths[first]!,
    );
    const field = FIELD[protocol];
    if (field === undefined || transport < 0 || isFragment) return false;
    const [addresses, addressBytes, stop] =
      ipVersion === 4
        ? [network + 12, 8, network + u16(bytes, network + 2)]
        : [network + 8, 32, network + 40 + u16(bytes, network + 4)];
    const length = stop - transport;
    const pseudo = fold(this.#memory.sum(addresses, addressBytes) + protocol + length);
    if (u16(bytes, transport + field) !== pseudo) return false;
    const sum = this.#sum(batch, first, end, transport - start, length);
    if (sum < 0) return false;
    let checksum = ~sum & 0xffff;
    // RFC 768: 0 would say that there is no checksum.
    if (checksum === 0 && protocol === IpProtocol.udp) checksum = 0xffff;
    bytes[transport + field] = checksum >> 8;
    bytes[transport + field + 1] = checksum & 0xff;
    return true;
  }

  /** @returns the folded sum of `length` bytes of the packet from `offset` on; -1 when it has fewer */
  #sum(batch: Batch, first: number, end: number, offset: number, length: number): number {
    let sum = 0;
    let done = 0;
    let skip = offset;
    for (let i = first; i < end && done < length; i++) {
      const part = Math.min(batch.lengths[i]! - skip, length - done);
      const words = this.#memory.sum(batch.addresses[i]! + skip, part);
      // A part that begins at an odd byte has its words' halves the other way round: RFC 1071, section 2(B).
      sum += done % 2 === 0 ? words : ((words & 0xff) << 8) | (words >> 8);
      done += part;
      skip = 0;
    }
    return done < length ? -1 : fold(sum);
  }
}
