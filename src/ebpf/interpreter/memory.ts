import { Fault } from './fault.js';
import type { InterpreterMap } from './map.js';

/**
 * A pointer is a number of 64 bits like any other, so that programs may spill, compare and subtract pointers: the upper half
 * is this plus the number of its region, the lower half is {@link BIAS} plus the offset. It is negative, as a kernel address
 * is. Less than 2 ** 31 bytes out of its region, either way, it points to nothing; the verifier allows 2 ** 29.
 */
const TAG = 0xbf00_0000 | 0;
const BIAS = 1 << 31;

/** Bytes of the stack that each function has (kernel: MAX_BPF_STACK). */
const STACK_SIZE = 512;
/** How many functions may call each other, the program itself among them (kernel: MAX_CALL_FRAMES). */
export const CALL_FRAMES = 8;

/** What pointers point into. */
export class Region {
  /** For messages. */
  readonly name: string;
  readonly map: InterpreterMap | undefined;
  bytes: Uint8Array;
  /** Offsets of the first byte there is, and of the one behind the last. */
  start = 0;
  end: number;
  /** Where messages count from. */
  origin = 0;

  constructor(name: string, bytes: Uint8Array, map?: InterpreterMap) {
    this.name = name;
    this.bytes = bytes;
    this.end = bytes.length;
    this.map = map;
  }
}

const CONTEXT = 0;
const PACKET = 1;
const FIRST_FRAME = 2;
const STATIC_REGIONS = FIRST_FRAME + CALL_FRAMES;
/** How many regions are kept from run to run. */
const MOST_REGIONS = 4096;
const NO_BYTES = new Uint8Array(0);

/** Upper half of a pointer to the context, whose fields are no plain bytes. */
export const CONTEXT_HIGH: number = TAG + CONTEXT;
const PACKET_HIGH = TAG + PACKET;

/** The address space of a run: context, packet, stack, and the values and maps that a program got pointers to. */
export class Memory {
  readonly packet: Region = new Region('the packet', NO_BYTES);
  readonly #regions: Region[] = [new Region('the context', NO_BYTES), this.packet];
  readonly #frames: Region[] = [];
  /** Regions of what got its pointer: the same thing has the same pointer. */
  readonly #numbers = new Map<Uint8Array | InterpreterMap, number>();
  /** The bytes that {@link locate} found last. */
  bytes: Uint8Array = NO_BYTES;

  constructor() {
    for (let depth = 0; depth < CALL_FRAMES; depth++) {
      const frame = new Region('the stack', new Uint8Array(STACK_SIZE));
      frame.origin = STACK_SIZE;
      this.#frames.push(frame);
      this.#regions.push(frame);
    }
  }

  /** Begins a run: no pointer of an earlier one is left, so that its regions may go. They stay while they are few. */
  reset(): void {
    for (let depth = 0; depth < CALL_FRAMES; depth++) this.#frames[depth]!.end = 0;
    if (this.#regions.length < MOST_REGIONS) return;
    this.#numbers.clear();
    this.#regions.length = STATIC_REGIONS;
  }

  /** Gives a function its stack, which is zero: programs that read what they did not write behave the same every time. */
  openFrame(depth: number): void {
    const frame = this.#frames[depth]!;
    frame.bytes.fill(0);
    frame.end = STACK_SIZE;
  }

  /** Pointers to this stack are wrong from now on. */
  closeFrame(depth: number): void {
    this.#frames[depth]!.end = 0;
  }

  /** Writes R10 of a function to two words. */
  framePointer(words: Int32Array, at: number, depth: number): void {
    words[at] = BIAS + STACK_SIZE;
    words[at + 1] = TAG + FIRST_FRAME + depth;
  }

  /** Writes a pointer into the packet's buffer. */
  packetPointer(words: Int32Array, at: number, offset: number): void {
    words[at] = BIAS + offset;
    words[at + 1] = PACKET_HIGH;
  }

  contextPointer(words: Int32Array, at: number): void {
    words[at] = BIAS;
    words[at + 1] = CONTEXT_HIGH;
  }

  /** Writes a pointer to the beginning of bytes, or to a map. */
  pointer(words: Int32Array, at: number, thing: Uint8Array | InterpreterMap, name: string): void {
    let number = this.#numbers.get(thing);
    if (number === undefined) {
      number = this.#regions.length;
      const region = thing instanceof Uint8Array ? new Region(name, thing) : new Region(name, NO_BYTES, thing);
      this.#regions.push(region);
      this.#numbers.set(thing, number);
    }
    words[at] = BIAS;
    words[at + 1] = TAG + number;
  }

  /** Takes the bytes at a pointer to their beginning away: it is wrong from now on. */
  release(low: number, high: number): Uint8Array | undefined {
    const region = this.#regions[(high - TAG) >>> 0];
    if (region === undefined || low !== BIAS || region.end === 0) return undefined;
    region.end = 0;
    this.#numbers.delete(region.bytes);
    return region.bytes;
  }

  /**
   * Where `size` bytes at a pointer plus an offset are: an index into {@link bytes}, which it sets.
   *
   * @throws Fault where not all of them are in one region
   */
  locate(low: number, high: number, offset: number, size: number): number {
    const number = (high - TAG) >>> 0;
    if (number < this.#regions.length) {
      const region = this.#regions[number]!;
      const at = (low ^ BIAS) + offset;
      if (at >= region.start && at + size <= region.end) {
        this.bytes = region.bytes;
        return at;
      }
    }
    throw this.#refusal(low, high, offset, size);
  }

  /** Where in the context a pointer to it plus an offset points. */
  contextOffset(low: number, offset: number): number {
    return (low ^ BIAS) + offset;
  }

  /** The map that a pointer stands for. */
  map(low: number, high: number): InterpreterMap {
    const map = this.#regions[(high - TAG) >>> 0]?.map;
    if (map === undefined || low !== BIAS) throw new Fault(`${hex(low, high)} is no map`);
    return map;
  }

  #refusal(low: number, high: number, offset: number, size: number): Fault {
    const region = this.#regions[(high - TAG) >>> 0];
    const count = size === 1 ? '1 byte' : `${size} bytes`;
    if (region === undefined) return new Fault(`${count} at ${hex(low, high)}${signed(offset)}, which is no pointer`);
    const at = (low ^ BIAS) + offset - region.origin;
    if (high === CONTEXT_HIGH)
      return new Fault(`${count} at offset ${at} of the context, whose fields are loaded whole`);
    if (region.map !== undefined) return new Fault(`${count} of ${region.name}, which programs don't read directly`);
    if (region.end === 0) return new Fault(`${count} of ${region.name}, at a place that is no longer there`);
    const from = region.start - region.origin;
    const to = region.end - region.origin;
    return new Fault(`${count} at offset ${at} of ${region.name}, which goes from ${from} to ${to}`);
  }
}

function hex(low: number, high: number): string {
  return `0x${((BigInt(high >>> 0) << 32n) | BigInt(low >>> 0)).toString(16)}`;
}

function signed(offset: number): string {
  return offset < 0 ? ` - ${-offset}` : ` + ${offset}`;
}
