import { XdpError } from '../sys/index.js';
import type { CapturedFrame, CaptureFormat } from './capture-format.js';
import { copyOf } from './headers.js';
import { NumberReader } from './number-reader.js';
import { PcapFormat } from './pcap.js';
import { PcapngFormat, SECTION_HEADER } from './pcapng.js';

/** The first two bytes of a gzip file (RFC 1952), read as a little-endian number. */
const GZIP = 0x8b1f;

/**
 * Takes a pcap or pcapng file apart that is handed to it piece by piece: no more than a packet and a piece is ever held.
 * Both byte orders, and timestamps of any resolution; packets have to be Ethernet frames.
 *
 * ```ts
 * const reader = new CaptureReader();
 * for (const piece of pieces) {
 *   reader.push(piece);
 *   while (reader.next()) use(reader.frame);
 * }
 * reader.end();
 * ```
 */
export class CaptureReader {
  /** The packet that {@link next} stands at. Its bytes are good until the next {@link push}. */
  readonly frame: Readonly<CapturedFrame>;
  readonly #frame: CapturedFrame = {
    bytes: new Uint8Array(0),
    offset: 0,
    length: 0,
    originalLength: 0,
    seconds: 0,
    nanoseconds: 0,
  };
  #format: CaptureFormat | undefined;
  #bytes: Uint8Array = new Uint8Array(0);
  #at = 0;

  constructor() {
    this.frame = this.#frame;
  }

  /** The file's next bytes, which must not be changed while packets of them are in use. */
  push(piece: Uint8Array): void {
    const rest = this.#bytes.length - this.#at;
    if (rest === 0) this.#bytes = piece;
    else {
      const joined = new Uint8Array(rest + piece.length);
      joined.set(this.#bytes.subarray(this.#at));
      joined.set(piece, rest);
      this.#bytes = joined;
    }
    this.#at = 0;
  }

  /**
   * Moves on to the next packet.
   *
   * @returns false when the next one isn't whole yet: {@link push} more
   * @throws XDP_ERR_CAPTURE when this is no capture file, is damaged, or holds something else than Ethernet frames
   */
  next(): boolean {
    this.#format ??= this.#recognize();
    if (this.#format === undefined) return false;
    for (;;) {
      const taken = this.#format.take(this.#bytes, this.#at, this.#bytes.length, this.#frame);
      if (taken === 0) return false;
      this.#at += taken;
      if (this.#frame.length >= 0) return true;
    }
  }

  /**
   * There is no more.
   *
   * @throws XDP_ERR_CAPTURE when the file ended within a packet; those before it were good
   */
  end(): void {
    const rest = this.#bytes.length - this.#at;
    if (this.#format === undefined) throw notCapture(rest === 0 ? 'it is empty' : 'it is too short');
    if (rest > 0) {
      throw new XdpError('XDP_ERR_CAPTURE', 'the capture file ends within a packet', {
        advice: 'it was cut off; the packets before the last one are whole',
      });
    }
  }

  #recognize(): CaptureFormat | undefined {
    if (this.#bytes.length - this.#at < 4) return undefined;
    const magic = new NumberReader(true).u32(this.#bytes, this.#at);
    const format = magic === SECTION_HEADER ? new PcapngFormat() : PcapFormat.of(magic);
    if (format !== undefined) return format;
    throw (magic & 0xffff) === GZIP
      ? notCapture('it is compressed with gzip', 'unpack it first: gunzip FILE, or a stream through node:zlib')
      : notCapture('it begins like neither');
  }
}

function notCapture(why: string, advice?: string): XdpError {
  return new XdpError('XDP_ERR_CAPTURE', `this is no pcap or pcapng file: ${why}`, { advice });
}

/** A packet of a capture file, with bytes of its own. */
export interface CapturedPacket {
  readonly bytes: Uint8Array;
  /** Bytes that the frame had; more than there are when the capture cut it off. */
  readonly originalLength: number;
  /** Seconds since 1970, UTC, and nanoseconds. */
  readonly seconds: number;
  readonly nanoseconds: number;
}

/**
 * The packets of a file that is read as a stream, such as `createReadStream(path)`. An error comes after the packets
 * before it.
 *
 * @throws XDP_ERR_CAPTURE as {@link CaptureReader} does
 */
export async function* readCapture(
  pieces: AsyncIterable<Uint8Array> | Iterable<Uint8Array>,
): AsyncGenerator<CapturedPacket> {
  const reader = new CaptureReader();
  for await (const piece of pieces) {
    reader.push(piece);
    while (reader.next()) {
      const { bytes, offset, length, originalLength, seconds, nanoseconds } = reader.frame;
      yield { bytes: copyOf(bytes, offset, offset + length), originalLength, seconds, nanoseconds };
    }
  }
  reader.end();
}
