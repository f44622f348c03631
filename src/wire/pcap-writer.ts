import type { CapturedFrame } from './capture-format.js';
import { CaptureBuffer, type CaptureWriter } from './capture-writer.js';
import { pcapHeader, pcapRecord } from './pcap.js';

/** Writes pcap files of Ethernet frames with nanoseconds. They have no place for interfaces, directions and comments. */
export class PcapWriter implements CaptureWriter {
  readonly #buffer = new CaptureBuffer();

  get pending(): number {
    return this.#buffer.length;
  }

  begin(): void {
    this.#add(pcapHeader());
  }

  packet(frame: Readonly<CapturedFrame>): void {
    this.#add(pcapRecord(frame));
  }

  take(): Uint8Array {
    return this.#buffer.take();
  }

  #add(bytes: Uint8Array): void {
    this.#buffer.set(this.#buffer.grow(bytes.length), bytes);
  }
}
