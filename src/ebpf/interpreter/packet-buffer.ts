import { Errno } from '../../sys/index.js';
import type { Memory } from './memory.js';

/** XDP_PACKET_HEADROOM: bytes in front of a packet that a program may take. */
const HEADROOM = 256;
/** sizeof(struct xdp_frame), which the kernel keeps at the beginning of them. */
const FRAME_HEADER = 40;
/** Where a page's last 320 bytes, the skb_shared_info, begin. */
const LINEAR_END = 4096 - 320;
/** ETH_HLEN: no packet gets shorter. */
const SHORTEST = 14;
/** The most that the field of the skb takes (include/net/xdp.h, xdp_metalen_invalid). */
const LONGEST_METADATA = 255;

/**
 * A packet in its page, with room in front of it and behind it as in the kernel's test runs. A packet that is longer than a
 * page has stays in one piece here, where the kernel would make fragments.
 */
export class PacketBuffer {
  readonly #memory: Memory;
  #bytes: Uint8Array = new Uint8Array(4096);
  /** Offsets in the buffer. */
  meta = 0;
  data = 0;
  end = 0;
  #hardEnd = LINEAR_END;

  constructor(memory: Memory) {
    this.#memory = memory;
  }

  get length(): number {
    return this.end - this.data;
  }

  /** A copy of the packet as it is now. */
  packet(): Uint8Array {
    return this.#bytes.slice(this.data, this.end);
  }

  /** A copy of the metadata as it is now. */
  metadata(): Uint8Array {
    return this.#bytes.slice(this.meta, this.data);
  }

  reset(packet: Uint8Array, metadata: Uint8Array, shortest: number = SHORTEST): void {
    if (packet.length < shortest) {
      throw new RangeError(`a packet has at least ${shortest} bytes, not ${packet.length}`);
    }
    if (metadata.length % 4 !== 0 || metadata.length > HEADROOM - FRAME_HEADER) {
      const longest = HEADROOM - FRAME_HEADER;
      throw new RangeError(`metadata has a multiple of 4 bytes, at most ${longest}, not ${metadata.length}`);
    }
    this.data = HEADROOM;
    this.meta = HEADROOM - metadata.length;
    this.end = HEADROOM + packet.length;
    this.#hardEnd = Math.max(LINEAR_END, this.end);
    if (this.#bytes.length < this.#hardEnd) this.#bytes = new Uint8Array(this.#hardEnd);
    this.#bytes.fill(0, 0, this.meta);
    this.#bytes.set(metadata, this.meta);
    this.#bytes.set(packet, HEADROOM);
    this.#memory.packet.bytes = this.#bytes;
    this.#show();
  }

  /** bpf_xdp_adjust_head (net/core/filter.c). @returns 0, or a negative error number */
  adjustHead(offset: number): number {
    const data = this.data + offset;
    const metadata = this.data - this.meta;
    if (data < FRAME_HEADER + metadata || data > this.end - SHORTEST) return -Errno.EINVAL;
    this.#bytes.copyWithin(this.meta + offset, this.meta, this.data);
    this.meta += offset;
    this.data = data;
    this.#show();
    return 0;
  }

  /** bpf_xdp_adjust_tail */
  adjustTail(offset: number): number {
    const end = this.end + offset;
    if (end > this.#hardEnd || end < this.data + SHORTEST) return -Errno.EINVAL;
    if (offset > 0) this.#bytes.fill(0, this.end, end);
    this.end = end;
    this.#show();
    return 0;
  }

  /** bpf_xdp_adjust_meta */
  adjustMeta(offset: number): number {
    const meta = this.meta + offset;
    if (meta < FRAME_HEADER || meta > this.data) return -Errno.EINVAL;
    const length = this.data - meta;
    if (length % 4 !== 0 || length > LONGEST_METADATA) return -Errno.EACCES;
    this.meta = meta;
    this.#show();
    return 0;
  }

  /** The bytes of a range of the packet, for bpf_xdp_load_bytes and bpf_xdp_store_bytes; or a negative error number. */
  range(offset: number, length: number): Uint8Array | number {
    if (offset > 0xffff || length > 0xffff) return -Errno.EFAULT;
    if (offset + length > this.length) return -Errno.EINVAL;
    return this.#bytes.subarray(this.data + offset, this.data + offset + length);
  }

  #show(): void {
    const { packet } = this.#memory;
    packet.start = this.meta;
    packet.origin = this.data;
    packet.end = this.end;
  }
}
