import {
  type Assembled,
  Assembler,
  type Condition,
  Helper,
  type Operand,
  R0,
  R6,
  R7,
  R8,
  R9,
  R10,
  type Register,
} from '../../ebpf/index.js';
import type { CompileOptions } from './compile-options.js';
import { MapPool } from './map-pool.js';
import type { Base } from './packet-classes.js';

/** What registers hold all along. R0 to R5 are free for each test. */
export const FRAME: Register = R6;
export const NETWORK: Register = R7;
export const TRANSPORT: Register = R8;
export const END: Register = R9;

export const POINTERS: Readonly<Record<Exclude<Base, 'tcpPayload'>, Register>> = {
  frame: FRAME,
  network: NETWORK,
  transport: TRANSPORT,
};

/**
 * Offsets from R10. Numbers that the verifier is not to follow stand at odd places: it forgets what is in parts of 8 bytes
 * (kernel/bpf/verifier.c, check_stack_write_fixed_off: only whole slots, or their beginnings, are tracked). So it
 * walks the code behind them once, not once for each value.
 */
export const Stack = {
  context: -8,
  /** u64: the time, once a limit has asked for it. */
  now: -16,
  protocol6: -23,
  /** 1, or 2 in a first fragment. */
  fragment6: -22,
  /** u16, any use. */
  scratch: -20,
  /** u16 */
  packetClass: -30,
  /** u16: bytes from the frame's beginning to the EtherType, and to transport. */
  networkOffset: -28,
  transportOffset: -26,
  /** u32 */
  counterKey: -36,
  /** Up to 24 bytes. */
  setKey: -64,
  /** u64 */
  emptyBucket: -72,
  /** Where the row begins: in the function of a shape, which has no buckets. */
  row: -72,
  /** 24 bytes. */
  bucketKey: -96,
  /** u64, twice: what a function of rules was called with, for the functions of shapes. */
  notes: -104,
  offsets: -112,
  /** What expressions may use. */
  expression: -352,
  expressionEnd: -112,
} as const;

/** Where a test goes: to one of the labels, of which one stands right behind it. */
export interface Targets {
  readonly yes: string;
  readonly no: string;
  readonly next: 'yes' | 'no';
}

const OPPOSITE: Readonly<Partial<Record<Condition, Condition>>> = {
  '==': '!=',
  '!=': '==',
  '<': '>=',
  '>=': '<',
  '>': '<=',
  '<=': '>',
};

/** What a lookup becomes is longer than its call by less than this (the `map_gen_lookup` of kernel/bpf). */
const PATCHED = 12;

/** The program being written: instructions, the maps they name, and what tests have in common. */
export class RuleCode {
  readonly a: Assembler;
  readonly maps: MapPool = new MapPool();
  readonly options: CompileOptions;
  #lookups = 0;

  constructor(options: CompileOptions, a: Assembler = new Assembler()) {
    this.options = options;
    this.a = a;
  }

  assemble(): Assembled {
    return this.a.assemble();
  }

  /** How far its jumps may have to reach, once the kernel has put instructions of its own in place of lookups. */
  get extent(): number {
    return this.a.index + PATCHED * this.#lookups;
  }

  fresh(hint: string): string {
    return this.a.fresh(hint);
  }

  /** Goes to one of the targets, by a comparison of 32 bits. */
  decide(condition: Condition, register: Register, value: Operand, { yes, no, next }: Targets): void {
    const opposite = OPPOSITE[condition];
    if (next === 'no') this.a.jump32(condition, register, value, yes);
    else if (opposite !== undefined) this.a.jump32(opposite, register, value, no);
    else this.a.jump32(condition, register, value, yes).goto(no);
  }

  /** Goes to a target, which may need no jump. */
  settle(result: 'yes' | 'no', { yes, no, next }: Targets): void {
    if (result !== next) this.a.goto(result === 'yes' ? yes : no);
  }

  /** By what a map lookup gave: a pointer or null. */
  decideFound({ yes, no, next }: Targets): void {
    if (next === 'no') this.a.jump('!=', R0, 0, yes);
    else this.a.jump('==', R0, 0, no);
  }

  /**
   * Goes on if the frame reaches to `end` bytes behind a pointer; uses R1. The case that it does not comes first in the
   * verifier's walk: what it then knows of the pointer is less, so that it need not walk on again with what it knows in the other case.
   */
  reach(pointer: Register, end: number, no: string): void {
    const there = this.fresh('there');
    this.a.mov('r1', pointer).alu('+', 'r1', end).jump('<=', 'r1', END, there).goto(no).label(there);
  }

  /** Points R2 to a key on the stack, and looks it up. R0 is the value's address or null. */
  lookUp(map: string, key: number): void {
    this.#lookups++;
    this.a.mov('r2', R10).alu('+', 'r2', key).map('r1', map).call(Helper.mapLookupElem);
  }
}

/** The register = the address of the row that the function of a shape was called for. */
export function loadRowAddress({ a }: RuleCode, register: Register): void {
  a.load('u64', register, R10, Stack.row);
}

/** The register = what is in the row at an offset. */
export function loadRow(code: RuleCode, register: Register, size: 'u16' | 'u32', offset: number): void {
  loadRowAddress(code, register);
  code.a.load(size, register, register, offset);
}
