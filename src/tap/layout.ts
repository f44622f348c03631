/**
 * Where everything stands in a tap's memory: docs/tap-format.md describes it for readers in other languages, and the two
 * change together. All numbers are little-endian; places are counted in 32-bit words unless they say bytes.
 */

/** The first eight bytes: `XDPKITTQ`, as two words. */
export const MAGIC: readonly [number, number] = [0x4b50_4458, 0x5154_5449];
/** Changes whenever a reader of the format before would misunderstand. */
export const VERSION = 1;

/** Words of the header, which stands at the beginning. */
export const Header = {
  magic: 0,
  version: 2,
  rings: 3,
  blocks: 4,
  blockBytes: 5,
  snapLength: 6,
  rows: 7,
  /** Bytes of the names, which stand behind the header as JSON. */
  namesBytes: 8,
  ownerPid: 9,
  /** When the owner started: clock ticks since boot, lower half first. */
  ownerStart: 10,
  /** Inode of the owner's PID namespace, lower half first. */
  pidNamespace: 12,
  /** 1 when the owner has closed the tap. */
  closed: 14,
} as const;
export const HEADER_BYTES = 64;

/** Words of a consumer's row. */
export const Row = {
  /** Process ID (22 bits) and how often the row was taken (10 bits); a PID of 0 is a free row. */
  owner: 0,
  /** When the process started, lower half first; 0 when it has not said so yet. */
  start: 2,
  /** Float64: records released, and captured bytes of them. */
  records: 4,
  bytes: 6,
} as const;
export const ROW_BYTES = 64;
export const ROWS = 64;

/** Words of a ring's header; the states of its blocks stand behind. */
export const Ring = {
  /** Float64: records that were handed to the producer, and those of them that found no room. */
  tapped: 0,
  lost: 2,
  /** How many blocks were begun. */
  order: 4,
} as const;
export const RING_BYTES = 64;

/** Words of a block's header; its records stand behind. What has two words alternates with the generation's lowest bit. */
export const Block = {
  /** Bytes of the block that hold records, the header included. */
  end: 0,
  /** Records. */
  count: 2,
  /** The ring's `order` when the block was begun. */
  order: 4,
  /** Time of its first record. */
  seconds: 5,
  nanoseconds: 6,
  /** Float64: records of all generations before that were collected, and that were found in dead hands. */
  collected: 8,
  abandoned: 12,
} as const;
export const BLOCK_BYTES = 64;
export const BLOCK_WORDS: number = BLOCK_BYTES >> 2;

/** Words of a record's header; its bytes stand behind, padded to a whole word. */
export const Record = {
  captured: 0,
  length: 1,
  seconds: 2,
  nanoseconds: 3,
  /** Interface (16 bits), direction (8 bits), drop reason (8 bits). */
  place: 4,
  faults: 5,
  argument: 6,
  /** Records lost by this producer just before. */
  lostBefore: 7,
} as const;
export const RECORD_WORDS = 8;
export const RECORD_BYTES: number = RECORD_WORDS << 2;
