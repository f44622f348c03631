import type { CapturedFrame } from './capture-format.js';

/** What a capture file may tell of a packet besides its bytes. Formats leave out what they have no place for. */
export interface CaptureNote {
  /** Index among the interfaces that the file was begun with. */
  readonly interface: number;
  /** 0: not known, 1: inbound, 2: outbound. */
  readonly direction: 0 | 1 | 2;
  readonly comment?: string | undefined;
  /** Packets of this interface that were lost just before this one. */
  readonly lostBefore?: number;
}

/** Builds a capture file piece by piece: what was added since the last {@link take} is one piece. */
export interface CaptureWriter {
  /** What a file begins with. */
  begin(): void;
  packet(frame: Readonly<CapturedFrame>, note: CaptureNote): void;
  /** Bytes that {@link take} would give. */
  readonly pending: number;
  /** What has been added: good until the next call of any method. */
  take(): Uint8Array;
}

/** Memory that grows: numbers are little-endian. */
export class CaptureBuffer {
  #bytes = new Uint8Array(1 << 16);
  #view = new DataView(this.#bytes.buffer);
  #length = 0;

  get length(): number {
    return this.#length;
  }

  /** Where the next number goes. Makes room for `more` bytes, which are zero. */
  grow(more: number): number {
    const at = this.#length;
    this.#length += more;
    if (this.#length > this.#bytes.length) {
      const larger = new Uint8Array(Math.max(2 * this.#bytes.length, this.#length));
      larger.set(this.#bytes.subarray(0, at));
      this.#bytes = larger;
      this.#view = new DataView(larger.buffer);
    } else this.#bytes.fill(0, at, this.#length);
    return at;
  }

  u16(at: number, value: number): void {
    this.#view.setUint16(at, value, true);
  }

  u32(at: number, value: number): void {
    this.#view.setUint32(at, value, true);
  }

  set(at: number, bytes: Uint8Array): void {
    this.#bytes.set(bytes, at);
  }

  take(): Uint8Array {
    const taken = this.#bytes.subarray(0, this.#length);
    this.#length = 0;
    return taken;
  }
}
