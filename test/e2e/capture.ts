import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { patient } from '../patience.js';
import { Running } from './running.js';

/** Bytes of the headers of a pcap file, and of a packet in it (libpcap's pcap-savefile(5)). */
const FILE_HEADER = 24;
const PACKET_HEADER = 16;

/** tcpdump on an interface: libpcap puts VLAN tags back into the frames that the kernel took them out of. */
export class Capture implements AsyncDisposable {
  readonly #tcpdump: Running;
  readonly #directory: string;
  readonly #file: string;

  private constructor(netns: string, name: string, filter: string) {
    this.#directory = mkdtempSync(join(tmpdir(), 'xdpkit-e2e-'));
    this.#file = join(this.#directory, 'capture.pcap');
    // As root: it would give its rights up, and could no longer write into the directory.
    const options = ['-i', name, '-p', '-Q', 'in', '-U', '--immediate-mode', '-Z', 'root', '-w', this.#file];
    this.#tcpdump = new Running(['tcpdump', ...options, filter], { netns });
  }

  /** What comes in on an interface and meets a filter. */
  static async start(netns: string, name: string, filter: string): Promise<Capture> {
    const capture = new Capture(netns, name, filter);
    try {
      await capture.#tcpdump.says(/listening on/);
    } catch (error) {
      await capture[Symbol.asyncDispose]();
      throw error;
    }
    return capture;
  }

  /** The frames so far, once there are as many as `count`; whatever there is after some seconds. */
  async frames(count: number): Promise<Buffer[]> {
    const end = performance.now() + patient(3_000);
    for (;;) {
      const frames = parse(readFileSync(this.#file));
      if (frames.length >= count || performance.now() > end) return frames;
      await sleep(20);
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#tcpdump[Symbol.asyncDispose]();
    rmSync(this.#directory, { recursive: true });
  }
}

function parse(file: Buffer): Buffer[] {
  const frames: Buffer[] = [];
  for (let at = FILE_HEADER; at + PACKET_HEADER <= file.length; ) {
    const length = file.readUInt32LE(at + 8);
    const frame = file.subarray(at + PACKET_HEADER, at + PACKET_HEADER + length);
    // The last packet may be under way.
    if (frame.length < length) break;
    frames.push(frame);
    at += PACKET_HEADER + length;
  }
  return frames;
}
