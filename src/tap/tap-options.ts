import { XdpError } from '../sys/index.js';
import { BLOCK_BYTES, RECORD_BYTES } from './layout.js';

/** What the numbers in a record stand for. All names together take at most 60,000 bytes. */
export interface TapNames {
  /** Interfaces by their index, at most 65,536. */
  readonly interfaces: readonly string[];
  /** Why packets are dropped, at most 255: reason 1 is the first of them, 0 is none. */
  readonly drops: readonly string[];
  /**
   * What is done to packets, at most 32: bit 0 stands for the first. `{}` in a name is replaced by the record's argument, as in
   * `delayed by {} µs`.
   */
  readonly faults: readonly string[];
}

export interface TapOptions extends Partial<TapNames> {
  /** A file of this name in /dev/shm: letters, digits, `.`, `-` and `_`. Default `ixdp.pqueue.tap`. */
  readonly name?: string;
  /** Bytes for packets, all producers together: 256 KiB to 1 GiB. Default 16 MiB. */
  readonly bytes?: number;
  /** Threads that write, 1 to 256, each into a ring of its own. Default 1. */
  readonly producers?: number;
  /** Bytes kept of a packet: 64 to 262,144. Default 9216, which is the whole of every packet of an MTU up to 9198. */
  readonly snapLength?: number;
}

/** The measures of a tap's memory. */
export interface TapGeometry {
  readonly rings: number;
  /** Of each ring. */
  readonly blocks: number;
  /** Of each block, its header included. */
  readonly blockBytes: number;
  readonly snapLength: number;
  readonly namesBytes: number;
}

export const TAP_NAME = 'ixdp.pqueue.tap';
export const MAX_RINGS = 256;
export const MAX_BYTES: number = 2 ** 30;
export const MAX_NAMES = 60_000;
export const MIN_SNAP = 64;
export const MAX_SNAP = 262_144;
/** Less would leave consumers nothing to share. */
export const MIN_BLOCKS = 4;

const MIN_BYTES = 262_144;
const MIN_BLOCK = 16_384;
const USUAL_BLOCK = 65_536;

/** @throws XDP_ERR_USAGE for a value out of its range */
export function geometryOf(options: TapOptions, namesBytes: number): TapGeometry {
  const { bytes = 16 << 20, producers: rings = 1, snapLength = 9216 } = options;
  inRange('bytes', bytes, MIN_BYTES, MAX_BYTES);
  inRange('producers', rings, 1, MAX_RINGS);
  inRange('snapLength', snapLength, MIN_SNAP, MAX_SNAP);
  // A block ends where the longest record would not fit: with less than four of them, much of it stays empty.
  const least = powerOfTwo(Math.max(MIN_BLOCK, 4 * (snapLength + RECORD_BYTES) + BLOCK_BYTES));
  let blockBytes = Math.max(least, USUAL_BLOCK);
  while (blockBytes > least && bytes / rings / blockBytes < 32) blockBytes /= 2;
  const blocks = Math.floor(bytes / rings / blockBytes);
  if (blocks < MIN_BLOCKS) {
    usage(`${bytes} bytes are too few for ${rings} producers and packets of ${snapLength} bytes`, {
      advice: `ask for at least ${MIN_BLOCKS * rings * least} bytes, or keep fewer bytes of a packet`,
    });
  }
  return { rings, blocks, blockBytes, snapLength, namesBytes };
}

/** The names as they stand in memory. @throws XDP_ERR_USAGE */
export function encodeNames({ interfaces = [], drops = [], faults = [] }: TapOptions): Uint8Array {
  if (interfaces.length > 65_536) usage(`a tap knows at most 65536 interfaces, not ${interfaces.length}`);
  if (drops.length > 255) usage(`a tap knows at most 255 drop reasons, not ${drops.length}`);
  if (faults.length > 32) usage(`a tap knows at most 32 faults, not ${faults.length}`);
  const bytes = new TextEncoder().encode(JSON.stringify({ interfaces, drops, faults }));
  if (bytes.length > MAX_NAMES) usage(`the names of a tap take at most ${MAX_NAMES} bytes, not ${bytes.length}`);
  return bytes;
}

function inRange(what: string, value: number, low: number, high: number): void {
  if (Number.isInteger(value) && value >= low && value <= high) return;
  usage(`${what} of a tap is a whole number from ${low} to ${high}, not ${value}`);
}

function powerOfTwo(least: number): number {
  return 2 ** Math.ceil(Math.log2(least));
}

function usage(message: string, options: { advice?: string } = {}): never {
  throw new XdpError('XDP_ERR_USAGE', message, options);
}
