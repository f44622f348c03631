import { XdpError } from '../sys/index.js';
import { type CapturedFrame, type CaptureFormat, MAX_CAPTURED } from './capture-format.js';
import { NumberReader } from './number-reader.js';
import { checkLink } from './pcap.js';

/** The pcapng file format: draft-ietf-opsawg-pcapng. */
export const SECTION_HEADER = 0x0a0d_0d0a;
export const INTERFACE_DESCRIPTION = 1;
/** Obsolete, and still found. */
const PACKET = 2;
const SIMPLE_PACKET = 3;
export const ENHANCED_PACKET = 6;

export const ORDER_MAGIC = 0x1a2b_3c4d;
/** Type and length before a block's body, the length once more behind it. */
const BLOCK_HEADER = 8;
const BLOCK_TRAILER = 4;
/** A larger block is taken for damage. */
const MAX_BLOCK = 16 << 20;
/** Bytes of a block's body before the packet data. */
const ENHANCED_FIELDS = 20;
const SIMPLE_FIELDS = 4;

interface Interface {
  readonly linkType: number;
  /** Bytes captured of a packet at most; 0 is no limit. */
  readonly snapshotLength: number;
  /** Units of its timestamps in a second. */
  readonly unitsPerSecond: bigint;
  /** Seconds to add to its timestamps. */
  readonly offset: bigint;
}

const Option = { end: 0, timestampResolution: 9, timestampOffset: 14 } as const;

export class PcapngFormat implements CaptureFormat {
  #numbers = new NumberReader(true);
  #interfaces: Interface[] = [];

  take(bytes: Uint8Array, at: number, end: number, frame: CapturedFrame): number {
    // A section header alone says what its numbers look like; its type reads the same either way.
    if (end - at < BLOCK_HEADER + 4) return 0;
    const type = this.#numbers.u32(bytes, at);
    if (type === SECTION_HEADER) this.#startSection(bytes, at);
    const length = this.#numbers.u32(bytes, at + 4);
    if (length < BLOCK_HEADER + BLOCK_TRAILER || length % 4 !== 0 || length > MAX_BLOCK) {
      throw damaged(`a block of ${length} bytes`);
    }
    if (end - at < length) return 0;
    if (this.#numbers.u32(bytes, at + length - BLOCK_TRAILER) !== length) {
      throw damaged('a block whose two lengths differ');
    }
    const body = at + BLOCK_HEADER;
    const bodyEnd = at + length - BLOCK_TRAILER;
    frame.length = -1;
    if (type === ENHANCED_PACKET || type === PACKET) this.#takePacket(bytes, body, bodyEnd, type, frame);
    else if (type === SIMPLE_PACKET) this.#takeSimple(bytes, body, bodyEnd, frame);
    else if (type === INTERFACE_DESCRIPTION) this.#addInterface(bytes, body, bodyEnd);
    return length;
  }

  #startSection(bytes: Uint8Array, at: number): void {
    const littleEndian = new NumberReader(true).u32(bytes, at + 8) === ORDER_MAGIC;
    this.#numbers = new NumberReader(littleEndian);
    if (this.#numbers.u32(bytes, at + 8) !== ORDER_MAGIC) throw damaged('a section without its byte-order mark');
    this.#interfaces = [];
  }

  #addInterface(bytes: Uint8Array, body: number, end: number): void {
    if (end - body < 8) throw damaged('an interface description that is too short');
    const numbers = this.#numbers;
    let unitsPerSecond = 1_000_000n;
    let offset = 0n;
    for (let at = body + 8; at + 4 <= end; ) {
      const code = numbers.u16(bytes, at);
      const length = numbers.u16(bytes, at + 2);
      if (code === Option.end || at + 4 + length > end) break;
      if (code === Option.timestampResolution && length >= 1) {
        const resolution = bytes[at + 4]!;
        unitsPerSecond = (resolution & 0x80 ? 2n : 10n) ** BigInt(resolution & 0x7f);
      } else if (code === Option.timestampOffset && length >= 8) {
        offset = BigInt.asIntN(64, this.#u64(bytes, at + 4));
      }
      at += 4 + pad(length);
    }
    const linkType = numbers.u16(bytes, body);
    this.#interfaces.push({ linkType, snapshotLength: numbers.u32(bytes, body + 4), unitsPerSecond, offset });
  }

  /** An option's 64-bit number, in the section's byte order. */
  #u64(bytes: Uint8Array, at: number): bigint {
    const [first, second] = [this.#numbers.u32(bytes, at), this.#numbers.u32(bytes, at + 4)];
    const isLittle = this.#numbers.littleEndian;
    return isLittle ? join(second, first) : join(first, second);
  }

  #takePacket(bytes: Uint8Array, body: number, end: number, type: number, frame: CapturedFrame): void {
    if (end - body < ENHANCED_FIELDS) throw damaged('a packet block that is too short');
    const numbers = this.#numbers;
    const source = this.#interface(type === PACKET ? numbers.u16(bytes, body) : numbers.u32(bytes, body));
    fill(frame, bytes, body + ENHANCED_FIELDS, end, numbers.u32(bytes, body + 12), numbers.u32(bytes, body + 16));
    // Two halves, the upper one first in either byte order.
    const units = join(numbers.u32(bytes, body + 4), numbers.u32(bytes, body + 8));
    const { unitsPerSecond, offset } = source;
    frame.seconds = Number(units / unitsPerSecond + offset);
    frame.nanoseconds = Number(((units % unitsPerSecond) * 1_000_000_000n) / unitsPerSecond);
  }

  #takeSimple(bytes: Uint8Array, body: number, end: number, frame: CapturedFrame): void {
    if (end - body < SIMPLE_FIELDS) throw damaged('a packet block that is too short');
    const { snapshotLength } = this.#interface(0);
    const original = this.#numbers.u32(bytes, body);
    const captured = snapshotLength === 0 ? original : Math.min(snapshotLength, original);
    fill(frame, bytes, body + SIMPLE_FIELDS, end, captured, original);
    frame.seconds = 0;
    frame.nanoseconds = 0;
  }

  #interface(index: number): Interface {
    const found = this.#interfaces[index];
    if (found === undefined) throw damaged(`a packet of interface ${index}, which is not described`);
    checkLink(found.linkType);
    return found;
  }
}

function fill(
  frame: CapturedFrame,
  bytes: Uint8Array,
  offset: number,
  end: number,
  length: number,
  originalLength: number,
): void {
  if (length > MAX_CAPTURED || offset + length > end) throw damaged(`a packet of ${length} bytes`);
  frame.bytes = bytes;
  frame.offset = offset;
  frame.length = length;
  frame.originalLength = originalLength;
}

function damaged(what: string): XdpError {
  return new XdpError('XDP_ERR_CAPTURE', `the capture file is damaged: ${what}`);
}

function join(high: number, low: number): bigint {
  return (BigInt(high) << 32n) | BigInt(low);
}

function pad(length: number): number {
  return (length + 3) & ~3;
}
