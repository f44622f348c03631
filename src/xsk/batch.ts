import { type Arena, WasmCode } from '../sys/index.js';
import { XDP_PKT_CONTD } from './abi.js';
import type { Umem } from './umem.js';

/** What src/xsk/wasm/batch.ts exports. */
interface BatchLoops {
  sift(
    addresses: number,
    lengths: number,
    options: number,
    egress: number,
    marks: number,
    classes: number,
    from: number,
    count: number,
    least: number,
  ): number;
}

const code = new WasmCode<BatchLoops>(new URL('./wasm/batch.wasm', import.meta.url));

const WORD = Uint32Array.BYTES_PER_ELEMENT;
/** Bytes before the arrays. */
const HEAD = 4 * WORD;
/** Arrays of one word for each packet. */
const ARRAYS = 5;
const SCRATCH_WORDS = 5;

/**
 * Where the arrays of a batch begin, as bytes of the arena: for WebAssembly. They are kept because a view of shared memory has V8 call
 * a getter for its byteOffset, each time.
 */
export interface BatchPlaces {
  readonly bytes: number;
  readonly addresses: number;
  readonly lengths: number;
  readonly options: number;
  readonly egress: number;
  readonly marks: number;
  readonly scratch: number;
  readonly classes: number;
}

/**
 * Packets that came from one socket and go through the stages together: a structure of arrays, so that each stage is
 * one small loop. A packet is an offset into `bytes` and a length; where the UMEM lets packets have fragments, it is one or
 * more of these, each in a frame of its own, one behind the other. It is in the UMEM's arena, so that frames in the hands of a
 * thread that ended are found.
 */
export class Batch {
  readonly capacity: number;
  /** The UMEM's memory. */
  readonly bytes: Uint8Array;
  readonly addresses: Uint32Array;
  /** Bytes. */
  readonly lengths: Uint32Array;
  /** XDP_PKT_CONTD, XDP_TX_METADATA. Looked at only where the UMEM has fragments or TX metadata. */
  readonly options: Uint32Array;
  /** Port that each packet shall leave by; negative: it is dropped, for that reason. All frames of a packet have the same. */
  readonly egress: Int32Array;
  /** What stages have noted of each packet, at its first frame; what it means is theirs. Good only while {@link hasMarks}. */
  readonly marks: Uint32Array;
  /** Whether any packet of this batch has a mark. Whoever fills the batch sets it to false; {@link mark} to true. */
  hasMarks = false;
  /** For a stage to note down up to five words of each packet in. The next stage writes over it. */
  readonly scratch: Uint32Array;
  /** A byte for each packet, at its first frame: which sets its addresses are in. Good only for who is {@link classifiedBy}. */
  readonly classes: Uint8Array;
  /** Who has written {@link classes}; undefined as soon as these are other packets, or have other addresses. */
  classifiedBy: object | undefined = undefined;
  /** The bits of all of them. */
  classesFound = 0;
  readonly places: BatchPlaces;
  readonly #state: Uint32Array;
  readonly #loops: BatchLoops;

  /** @param memory a batch's of the same capacity that another thread has left: {@link Batch.memoryFor} */
  constructor(
    { bytes, arena }: Pick<Umem, 'bytes' | 'arena'>,
    capacity: number,
    memory: Uint8Array = Batch.memoryFor(arena, capacity),
  ) {
    this.bytes = bytes;
    this.capacity = capacity;
    this.#loops = code.over(arena.memory);
    const at = (place: number) => memory.byteOffset + HEAD + place * capacity * WORD;
    const array = (place: number) => new Uint32Array(memory.buffer, at(place), capacity);
    this.#state = new Uint32Array(memory.buffer, memory.byteOffset, 4);
    this.addresses = array(0);
    this.lengths = array(1);
    this.options = array(2);
    this.egress = new Int32Array(memory.buffer, at(3), capacity);
    this.marks = array(4);
    this.scratch = new Uint32Array(memory.buffer, at(ARRAYS), SCRATCH_WORDS * capacity);
    this.places = {
      bytes: bytes.byteOffset,
      addresses: at(0),
      lengths: at(1),
      options: at(2),
      egress: at(3),
      marks: at(4),
      scratch: at(ARRAYS),
      classes: at(ARRAYS + SCRATCH_WORDS),
    };
    this.classes = new Uint8Array(memory.buffer, this.places.classes, capacity);
  }

  static memoryFor(arena: Arena, capacity: number): Uint8Array {
    // Classes are looked at eight at a time, from any of them on.
    return arena.allocate(HEAD + (ARRAYS + SCRATCH_WORDS) * capacity * WORD + capacity + 8);
  }

  /** Frames: as many as packets, but for fragments. */
  get count(): number {
    return this.#state[0]!;
  }

  /** Makes it so many other ones that none is handled yet. */
  set count(frames: number) {
    this.classifiedBy = undefined;
    this.#state[1] = 0;
    this.#state[0] = frames;
  }

  /**
   * Takes out the frames from `from` on whose egress is below `least`, and moves the others together, with all that belongs to them.
   * None of these is handled yet.
   */
  sift(from: number, least: number): void {
    const { addresses, lengths, options, egress, marks, classes } = this.places;
    const { count } = this;
    const kept = this.#loops.sift(addresses, lengths, options, egress, marks, classes, from, count, least);
    this.#state[1] = 0;
    this.#state[0] = kept;
  }

  /** How many of them, from the first on, are not in the hands of this batch's thread any more. */
  get handled(): number {
    return this.#state[1]!;
  }

  set handled(frames: number) {
    this.#state[1] = frames;
  }

  /** Port that the packets came in by. */
  get ingress(): number {
    return this.#state[2]!;
  }

  set ingress(port: number) {
    this.#state[2] = port;
  }

  /** Queue of that port. */
  get queue(): number {
    return this.#state[3]!;
  }

  set queue(queue: number) {
    this.#state[3] = queue;
  }

  /** Adds bits to the mark of the packet that begins in a frame. */
  mark(first: number, bits: number): void {
    if (!this.hasMarks) {
      this.marks.fill(0, 0, this.count);
      this.hasMarks = true;
    }
    this.marks[first]! |= bits;
  }

  /** Of a packet by its first frame, where the UMEM has fragments: the frame behind its last. */
  endOf(first: number): number {
    let end = first;
    while ((this.options[end++]! & XDP_PKT_CONTD) !== 0);
    return end;
  }

  /** How many packets end in the frames `from` up to `to`, where the UMEM has fragments. */
  packetsIn(from: number, to: number): number {
    let packets = 0;
    for (let i = from; i < to; i++) if ((this.options[i]! & XDP_PKT_CONTD) === 0) packets++;
    return packets;
  }
}
