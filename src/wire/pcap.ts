import { XdpError } from '../sys/index.js';
import { type CapturedFrame, type CaptureFormat, LINK_ETHERNET, MAX_CAPTURED } from './capture-format.js';
import { NumberReader } from './number-reader.js';

/** The pcap file format: draft-ietf-opsawg-pcap. */
const PCAP_HEADER = 24;
const RECORD_HEADER = 16;
const MICROSECONDS = 0xa1b2_c3d4;
const NANOSECONDS = 0xa1b2_3c4d;
/** What capture programs write for "all of the packet". */
const SNAPSHOT_LENGTH = 262_144;

/** The first four bytes of a pcap file, read as a little-endian number, and what they say. */
const MAGICS = new Map([
  [MICROSECONDS, { littleEndian: true, unit: 1000 }],
  [NANOSECONDS, { littleEndian: true, unit: 1 }],
  [0xd4c3_b2a1, { littleEndian: false, unit: 1000 }],
  [0x4d3c_b2a1, { littleEndian: false, unit: 1 }],
]);

export class PcapFormat implements CaptureFormat {
  readonly #numbers: NumberReader;
  /** Nanoseconds. */
  readonly #unit: number;
  #started = false;

  private constructor(littleEndian: boolean, unit: number) {
    this.#numbers = new NumberReader(littleEndian);
    this.#unit = unit;
  }

  /** @returns undefined when a file that begins like this is none */
  static of(magic: number): PcapFormat | undefined {
    const kind = MAGICS.get(magic);
    return kind && new PcapFormat(kind.littleEndian, kind.unit);
  }

  take(bytes: Uint8Array, at: number, end: number, frame: CapturedFrame): number {
    const numbers = this.#numbers;
    if (!this.#started) {
      if (end - at < PCAP_HEADER) return 0;
      this.#started = true;
      frame.length = -1;
      // The upper bits tell of a frame check sequence.
      checkLink(numbers.u32(bytes, at + 20) & 0xffff);
      return PCAP_HEADER;
    }
    if (end - at < RECORD_HEADER) return 0;
    const length = numbers.u32(bytes, at + 8);
    if (length > MAX_CAPTURED) {
      throw new XdpError('XDP_ERR_CAPTURE', `the capture file is damaged: a packet of ${length} bytes`);
    }
    if (end - at < RECORD_HEADER + length) return 0;
    frame.bytes = bytes;
    frame.offset = at + RECORD_HEADER;
    frame.length = length;
    frame.originalLength = numbers.u32(bytes, at + 12);
    frame.seconds = numbers.u32(bytes, at);
    frame.nanoseconds = numbers.u32(bytes, at + 4) * this.#unit;
    return RECORD_HEADER + length;
  }
}

/** @throws XDP_ERR_CAPTURE for packets that don't begin with an Ethernet header */
export function checkLink(type: number): void {
  if (type === LINK_ETHERNET) return;
  throw new XdpError('XDP_ERR_CAPTURE', `the capture file holds packets of link type ${type}, not Ethernet (1)`, {
    advice: 'capture on an Ethernet interface; https://www.tcpdump.org/linktypes.html lists the types',
  });
}

/** The beginning of a pcap file of Ethernet frames with nanosecond timestamps. */
export function pcapHeader(): Uint8Array {
  const bytes = new Uint8Array(PCAP_HEADER);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, NANOSECONDS, true);
  view.setUint16(4, 2, true);
  view.setUint16(6, 4, true);
  view.setUint32(16, SNAPSHOT_LENGTH, true);
  view.setUint32(20, LINK_ETHERNET, true);
  return bytes;
}

/** A frame as it follows in such a file. */
export function pcapRecord(frame: Readonly<CapturedFrame>): Uint8Array {
  const record = new Uint8Array(RECORD_HEADER + frame.length);
  const view = new DataView(record.buffer);
  view.setUint32(0, frame.seconds, true);
  view.setUint32(4, frame.nanoseconds, true);
  view.setUint32(8, frame.length, true);
  view.setUint32(12, frame.originalLength, true);
  record.set(frame.bytes.subarray(frame.offset, frame.offset + frame.length), RECORD_HEADER);
  return record;
}
