import { XdpError } from '../sys/index.js';
import {
  BLOCK_BYTES,
  type Block,
  HEADER_BYTES,
  Header,
  MAGIC,
  RECORD_BYTES,
  RING_BYTES,
  type Ring,
  ROW_BYTES,
  ROWS,
  VERSION,
} from './layout.js';
import {
  MAX_BYTES,
  MAX_NAMES,
  MAX_RINGS,
  MAX_SNAP,
  MIN_BLOCKS,
  MIN_SNAP,
  type TapGeometry,
  type TapNames,
} from './tap-options.js';

/** A tap's memory as one thread sees it: views over all of it, and where its parts begin. */
export class TapMemory {
  readonly geometry: TapGeometry;
  readonly bytes: Uint8Array;
  readonly words: Int32Array;
  readonly floats: Float64Array;
  readonly #rows: number;
  readonly #rings: number;
  readonly #ringWords: number;
  readonly #blocks: number;

  constructor(bytes: Uint8Array, geometry: TapGeometry) {
    const parts = partsOf(geometry);
    this.geometry = geometry;
    this.bytes = bytes;
    this.words = wordsOf(bytes);
    this.floats = new Float64Array(bytes.buffer, bytes.byteOffset, bytes.length >> 3);
    this.#rows = parts.rows >> 2;
    this.#rings = parts.rings >> 2;
    this.#ringWords = parts.ringBytes >> 2;
    this.#blocks = parts.blocks >> 2;
  }

  /**
   * The memory that somebody has prepared. Nothing in it is believed: a header that doesn't fit the memory's size is refused.
   *
   * @throws XDP_ERR_TAP
   */
  static of(bytes: Uint8Array): TapMemory {
    return new TapMemory(bytes, readGeometry(bytes));
  }

  /** Word of a consumer's row. */
  row(row: number): number {
    return this.#rows + row * (ROW_BYTES >> 2);
  }

  /** Word of a ring's header. */
  ring(ring: number): number {
    return this.#rings + ring * this.#ringWords;
  }

  /** Word of the state of a ring's first block. */
  states(ring: number): number {
    return this.ring(ring) + (RING_BYTES >> 2);
  }

  /** Word of a block's header. */
  block(ring: number, block: number): number {
    return this.#blocks + (ring * this.geometry.blocks + block) * (this.geometry.blockBytes >> 2);
  }

  /** One of a ring's counters. */
  counter(ring: number, which: typeof Ring.tapped | typeof Ring.lost): number {
    return (this.ring(ring) + which) >> 1;
  }

  /** A block's total of former generations, as it stands in generation `generation`. */
  total(block: number, which: typeof Block.collected | typeof Block.abandoned, generation: number): number {
    return ((block + which) >> 1) + (generation & 1);
  }

  get isClosed(): boolean {
    return Atomics.load(this.words, Header.closed) !== 0;
  }

  /** @throws XDP_ERR_TAP */
  readNames(): TapNames {
    const text = new TextDecoder().decode(this.bytes.slice(HEADER_BYTES, HEADER_BYTES + this.geometry.namesBytes));
    let names: unknown;
    try {
      names = JSON.parse(text);
    } catch (cause) {
      throw damaged('its names are no JSON', cause);
    }
    const { interfaces, drops, faults } = (names ?? {}) as Partial<Record<keyof TapNames, unknown>>;
    if (!isList(interfaces) || !isList(drops) || !isList(faults)) throw damaged('its names are not three lists');
    return { interfaces, drops, faults };
  }
}

/** Where the parts begin, and the whole length, in bytes. */
function partsOf({ rings, blocks, blockBytes, namesBytes }: TapGeometry) {
  const rows = align(HEADER_BYTES + namesBytes, 64);
  const ringsAt = rows + ROWS * ROW_BYTES;
  const ringBytes = align(RING_BYTES + blocks * 4, 64);
  const blocksAt = align(ringsAt + rings * ringBytes, 4096);
  return { rows, rings: ringsAt, ringBytes, blocks: blocksAt, length: blocksAt + rings * blocks * blockBytes };
}

/** Bytes of a tap with these measures. */
export function tapLength(geometry: TapGeometry): number {
  return partsOf(geometry).length;
}

/** Writes the beginning of a tap that is otherwise zeros. The magic comes last: without it, it is none. */
export function writeHeader(bytes: Uint8Array, geometry: TapGeometry, names: Uint8Array): void {
  const words = wordsOf(bytes);
  words[Header.version] = VERSION;
  words[Header.rings] = geometry.rings;
  words[Header.blocks] = geometry.blocks;
  words[Header.blockBytes] = geometry.blockBytes;
  words[Header.snapLength] = geometry.snapLength;
  words[Header.rows] = ROWS;
  words[Header.namesBytes] = names.length;
  bytes.set(names, HEADER_BYTES);
  words[Header.magic + 1] = MAGIC[1];
  Atomics.store(words, Header.magic, MAGIC[0]);
}

function readGeometry(bytes: Uint8Array): TapGeometry {
  if (bytes.length < HEADER_BYTES || bytes.length % 8 !== 0) throw damaged(`${bytes.length} bytes long`);
  // Copied once: who writes there may change it meanwhile.
  const words = wordsOf(bytes).slice(0, HEADER_BYTES >> 2);
  const word = (index: number) => words[index]!;
  if (word(Header.magic) !== MAGIC[0] || word(Header.magic + 1) !== MAGIC[1]) {
    throw new XdpError('XDP_ERR_TAP', 'this is no tap: it does not begin with XDPKITTQ');
  }
  if (word(Header.version) !== VERSION) {
    throw new XdpError('XDP_ERR_TAP', `the tap has version ${word(Header.version)}; this xdpkit reads ${VERSION}`, {
      advice: 'collect with the version of xdpkit that the tap was made by',
    });
  }
  const geometry = {
    rings: word(Header.rings),
    blocks: word(Header.blocks),
    blockBytes: word(Header.blockBytes),
    snapLength: word(Header.snapLength),
    namesBytes: word(Header.namesBytes),
  };
  const { rings, blocks, blockBytes, snapLength, namesBytes } = geometry;
  const fits =
    within(rings, 1, MAX_RINGS) &&
    within(blocks, MIN_BLOCKS, MAX_BYTES) &&
    within(blockBytes, BLOCK_BYTES + RECORD_BYTES, MAX_BYTES) &&
    blockBytes % 64 === 0 &&
    within(snapLength, MIN_SNAP, MAX_SNAP) &&
    within(namesBytes, 0, MAX_NAMES) &&
    word(Header.rows) === ROWS &&
    tapLength(geometry) === bytes.length;
  if (!fits) throw damaged('its measures do not fit its size');
  return geometry;
}

/** @throws nothing: makes the error that says a tap can't be read any further */
export function damaged(what: string, cause?: unknown): XdpError {
  return new XdpError('XDP_ERR_TAP', `the tap's memory is damaged: ${what}`, { cause });
}

export function wordsOf(bytes: Uint8Array): Int32Array {
  return new Int32Array(bytes.buffer, bytes.byteOffset, bytes.length >> 2);
}

function isList(value: unknown): value is string[] {
  return Array.isArray(value) && value.every((name) => typeof name === 'string');
}

function within(value: number, low: number, high: number): boolean {
  return value >= low && value <= high;
}

function align(value: number, to: number): number {
  return Math.ceil(value / to) * to;
}
