import { type CapturedFrame, LINK_ETHERNET } from './capture-format.js';
import { CaptureBuffer, type CaptureNote, type CaptureWriter } from './capture-writer.js';
import { ENHANCED_PACKET, INTERFACE_DESCRIPTION, ORDER_MAGIC, SECTION_HEADER } from './pcapng.js';

/** Options of blocks: draft-ietf-opsawg-pcapng, sections 3.5, 4.1, 4.2 and 4.3. */
const COMMENT = 1;
const USER_APPLICATION = 4;
const INTERFACE_NAME = 2;
const TIMESTAMP_RESOLUTION = 9;
const PACKET_FLAGS = 2;
const DROP_COUNT = 4;

/** An option holds at most 65,535 bytes; a comment that long says nothing any more. */
const MAX_TEXT = 1024;
const NANOSECONDS = 1_000_000_000n;

/** Writes pcapng files of Ethernet frames: an interface block for each interface, nanoseconds, comments. */
export class PcapngWriter implements CaptureWriter {
  readonly #buffer = new CaptureBuffer();
  readonly #encoder = new TextEncoder();
  readonly #interfaces: readonly string[];
  readonly #snapLength: number;
  readonly #application: string;

  /**
   * @param interfaces names, by index
   * @param snapLength bytes captured of a packet at most; 0: no limit
   * @param application who writes the file
   */
  constructor(interfaces: readonly string[], snapLength = 0, application = 'xdpkit') {
    this.#interfaces = interfaces;
    this.#snapLength = snapLength;
    this.#application = application;
  }

  get pending(): number {
    return this.#buffer.length;
  }

  begin(): void {
    const buffer = this.#buffer;
    const section = this.#start(SECTION_HEADER);
    const at = buffer.grow(16);
    buffer.u32(at, ORDER_MAGIC);
    buffer.u16(at + 4, 1);
    // The section's length is not known.
    buffer.u32(at + 8, 0xffff_ffff);
    buffer.u32(at + 12, 0xffff_ffff);
    this.#text(USER_APPLICATION, this.#application);
    this.#end(section);
    for (const name of this.#interfaces) this.#describe(name);
  }

  packet(frame: Readonly<CapturedFrame>, { interface: index, direction, comment, lostBefore = 0 }: CaptureNote): void {
    const buffer = this.#buffer;
    const { bytes, offset, length, originalLength, seconds, nanoseconds } = frame;
    const block = this.#start(ENHANCED_PACKET);
    const at = buffer.grow(20 + pad(length));
    const units = BigInt(seconds) * NANOSECONDS + BigInt(nanoseconds);
    buffer.u32(at, index);
    buffer.u32(at + 4, Number(units >> 32n));
    buffer.u32(at + 8, Number(units & 0xffff_ffffn));
    buffer.u32(at + 12, length);
    buffer.u32(at + 16, originalLength);
    buffer.set(at + 20, bytes.subarray(offset, offset + length));
    if (direction !== 0) buffer.u32(this.#option(PACKET_FLAGS, 4), direction);
    if (lostBefore > 0) buffer.u32(this.#option(DROP_COUNT, 8), lostBefore);
    if (comment !== undefined) this.#text(COMMENT, comment);
    this.#end(block, direction !== 0 || lostBefore > 0 || comment !== undefined);
  }

  take(): Uint8Array {
    return this.#buffer.take();
  }

  #describe(name: string): void {
    const buffer = this.#buffer;
    const block = this.#start(INTERFACE_DESCRIPTION);
    const at = buffer.grow(8);
    buffer.u16(at, LINK_ETHERNET);
    buffer.u32(at + 4, this.#snapLength);
    this.#text(INTERFACE_NAME, name);
    buffer.set(this.#option(TIMESTAMP_RESOLUTION, 1), new Uint8Array([9]));
    this.#end(block);
  }

  /** @returns where the block begins */
  #start(type: number): number {
    const at = this.#buffer.grow(8);
    this.#buffer.u32(at, type);
    return at;
  }

  #end(block: number, hasOptions = true): void {
    const buffer = this.#buffer;
    if (hasOptions) buffer.grow(4);
    const at = buffer.grow(4);
    const length = at + 4 - block;
    buffer.u32(block + 4, length);
    buffer.u32(at, length);
  }

  /** @returns where the option's value goes */
  #option(code: number, length: number): number {
    const at = this.#buffer.grow(4 + pad(length));
    this.#buffer.u16(at, code);
    this.#buffer.u16(at + 2, length);
    return at + 4;
  }

  #text(code: number, text: string): void {
    const bytes = this.#encoder.encode(text.slice(0, MAX_TEXT));
    this.#buffer.set(this.#option(code, bytes.length), bytes);
  }
}

function pad(length: number): number {
  return (length + 3) & ~3;
}
