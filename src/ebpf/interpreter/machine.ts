import type { Instruction } from '../instruction.js';
import { Fault } from './fault.js';
import type { InterpreterMap } from './map.js';
import { CALL_FRAMES, Memory } from './memory.js';
import { PacketBuffer } from './packet-buffer.js';
import type { InterpreterRedirectMap } from './redirect-map.js';

/** One instruction made ready to run. It gives the slot that comes next, or one of the two below. */
export type Operation = (machine: Machine) => number;

/** The program is over. */
export const FINISHED = -1;
/** Goes on in another program: {@link Machine.program} at {@link Machine.resumeAt}. */
export const SWITCHED = -2;

/** What a helper does: its arguments are in R1 to R5, its result goes to R0. */
export type HelperFunction = (machine: Machine) => void;

/** A program, ready to run. */
export interface TranslatedProgram {
  readonly instructions: readonly Instruction[];
  /** One for each slot. */
  readonly operations: readonly Operation[];
}

/** Where a packet goes that was redirected. */
export type XdpRedirect =
  | {
      readonly map: InterpreterRedirectMap;
      readonly key: number;
      /** To all interfaces of a device map, the key being of no account. */
      readonly broadcast: boolean;
      /** Not to the one the packet came in by. */
      readonly excludeIngress: boolean;
    }
  | { readonly ifindex: number };

/** The fields of struct xdp_md that are numbers. */
export interface ContextNumbers {
  ingressIfindex: number;
  rxQueueIndex: number;
  egressIfindex: number;
}

/** MAX_TAIL_CALL_CNT */
const MOST_TAIL_CALLS = 33;
/** BPF_MAX_LOOPS: how often may_goto goes on. (Newer kernels take the time instead: 250 ms.) */
const MOST_LOOPS = 8 * 1024 * 1024;

/** Two words for each register. */
const WORDS = 2 * 11;
const SAVED_FROM = 2 * 6;
const SAVED_WORDS = 2 * 4;
const FRAME_POINTER = 2 * 10;
/** What R1 to R5 have after a call, which no verified program reads. */
const LOST = 0x5eed_dead;

/** What a program runs on: registers, memory, packet, and the functions that called each other. */
export class Machine {
  /** Each register in two words, the lower one first: most instructions work on these. */
  readonly words: Int32Array = new Int32Array(WORDS);
  /** The same registers whole, for multiplication and division. */
  readonly quads: BigUint64Array = new BigUint64Array(this.words.buffer);
  readonly signedQuads: BigInt64Array = new BigInt64Array(this.words.buffer);
  readonly memory: Memory = new Memory();
  readonly packet: PacketBuffer = new PacketBuffer(this.memory);
  readonly context: ContextNumbers = { ingressIfindex: 0, rxQueueIndex: 0, egressIfindex: 0 };
  readonly clock: () => bigint;
  readonly random: () => number;
  readonly cpu: number;
  program: TranslatedProgram;
  resumeAt = 0;
  redirect: XdpRedirect | undefined;
  #depth = 0;
  #tailCalls = 0;
  #loopsLeft = 0;
  readonly #saved = new Int32Array(CALL_FRAMES * SAVED_WORDS);
  readonly #callers: { program: TranslatedProgram; slot: number }[] = [];

  constructor(program: TranslatedProgram, clock: () => bigint, random: () => number, cpu: number) {
    this.program = program;
    this.clock = clock;
    this.random = random;
    this.cpu = cpu;
    for (let depth = 0; depth < CALL_FRAMES; depth++) this.#callers.push({ program, slot: 0 });
  }

  reset(program: TranslatedProgram): void {
    this.program = program;
    this.redirect = undefined;
    this.#depth = 0;
    this.#tailCalls = 0;
    this.#loopsLeft = MOST_LOOPS;
    this.memory.reset();
    this.memory.openFrame(0);
    this.words.fill(LOST);
    this.memory.contextPointer(this.words, 2);
    this.memory.framePointer(this.words, FRAME_POINTER, 0);
  }

  /** Calls the function at a slot. */
  enter(target: number, next: number): number {
    const depth = this.#depth + 1;
    if (depth === CALL_FRAMES) throw new Fault(`more than ${CALL_FRAMES} functions call each other`);
    const caller = this.#callers[this.#depth]!;
    caller.program = this.program;
    caller.slot = next;
    for (let i = 0; i < SAVED_WORDS; i++) this.#saved[this.#depth * SAVED_WORDS + i] = this.words[SAVED_FROM + i]!;
    this.#depth = depth;
    this.memory.openFrame(depth);
    this.memory.framePointer(this.words, FRAME_POINTER, depth);
    return target;
  }

  /** Returns from the function that runs. */
  leave(): number {
    if (this.#depth === 0) return FINISHED;
    this.memory.closeFrame(this.#depth);
    this.#depth--;
    const { program, slot } = this.#callers[this.#depth]!;
    for (let i = 0; i < SAVED_WORDS; i++) this.words[SAVED_FROM + i] = this.#saved[this.#depth * SAVED_WORDS + i]!;
    this.memory.framePointer(this.words, FRAME_POINTER, this.#depth);
    this.loseArguments();
    if (program === this.program) return slot;
    this.program = program;
    this.resumeAt = slot;
    return SWITCHED;
  }

  /** Has another program go on in the place of the function that runs. @returns whether it may */
  tailCall(program: TranslatedProgram): boolean {
    if (this.#tailCalls === MOST_TAIL_CALLS) return false;
    this.#tailCalls++;
    this.program = program;
    this.resumeAt = 0;
    this.memory.openFrame(this.#depth);
    this.memory.contextPointer(this.words, 2);
    return true;
  }

  /** Whether a loop may go on. */
  mayLoop(): boolean {
    if (this.#loopsLeft === 0) return false;
    this.#loopsLeft--;
    return true;
  }

  /** After a call nothing is left in R1 to R5. */
  loseArguments(): void {
    const { words } = this;
    for (let i = 2; i < 12; i++) words[i] = LOST;
  }

  /** Sets R0 to a number: a safe integer, which takes the sign along. */
  return(result: number): void {
    this.words[0] = result | 0;
    this.words[1] = Math.floor(result / 0x1_0000_0000);
  }

  /** Sets R0 to a pointer, or to null. */
  returnPointer(thing: Uint8Array | InterpreterMap | undefined, name: string): void {
    if (thing === undefined) this.return(0);
    else this.memory.pointer(this.words, 0, thing, name);
  }

  /** The lower half of a register, without its sign. */
  u32(register: number): number {
    return this.words[2 * register]! >>> 0;
  }

  /** The lower half of a register, with its sign. */
  s32(register: number): number {
    return this.words[2 * register]!;
  }

  /** A register of flags. From 2 ** 53 on it is rounded, which no flags reach. */
  u64(register: number): number {
    return (this.words[2 * register + 1]! >>> 0) * 0x1_0000_0000 + this.u32(register);
  }

  /** The map that a register points to. */
  map(register: number): InterpreterMap {
    return this.memory.map(this.words[2 * register]!, this.words[2 * register + 1]!);
  }

  /** The bytes that a register points to: not a copy. */
  bytes(register: number, size: number): Uint8Array {
    if (size === 0) return NO_BYTES;
    const at = this.memory.locate(this.words[2 * register]!, this.words[2 * register + 1]!, 0, size);
    return this.memory.bytes.subarray(at, at + size);
  }
}

const NO_BYTES = new Uint8Array(0);
