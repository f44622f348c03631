import { type Assembler, R0, R1, R2, R3, R4, R10, type Register } from '../../ebpf/index.js';
import { BLOCK_KEYS } from './aes-memory.js';
import { CidFailure, type DecodePlace } from './codec.js';
import { emitNumber, readNumber } from './id-bytes.js';
import type { NumberField } from './number-field.js';
import type { QuicLbConfig } from './quic-lb-config.js';

/** Bytes of stack. */
export const FEISTEL_STACK = 40;

/** Offsets there: the halves' first 8 bytes and what follows those; the same of AES. */
const Slot = { left: 0, right: 8, leftRest: 16, rightRest: 24, rest: 32 } as const;

/** A subprogram of AES, and where in its map the keys are that begin with its blocks. */
export interface AesCall {
  readonly label: string;
  readonly blocks: number;
}

/** Bits of the plain text that stand in a slot. */
interface Segment {
  /** Its offset from R10. */
  readonly slot: number;
  /** Bits of the slot in front of them. */
  readonly lead: number;
  /** Which bits of the plain text they are: from, to before. */
  readonly from: number;
  readonly to: number;
}

/** Reads the server out of 16 encrypted bytes, of which the first is at `place`. */
export function emitOneBlock(a: Assembler, config: QuicLbConfig, place: DecodePlace, aes: AesCall): void {
  const { base, at, stack, failed } = place;
  for (const [i, register] of [R1, R2].entries()) {
    a.load('u64', register, base, at + 8 * i).byteOrder('be64', register);
  }
  a.mov(R3, aes.blocks);
  if (config.serverIdLength > 8) a.mov(R4, R10).alu('+', R4, stack + Slot.rest);
  a.callLocal(aes.label).store('u64', R10, stack + Slot.left, R0);
  const segments: Segment[] = [
    { slot: stack + Slot.left, lead: 0, from: 0, to: 64 },
    { slot: stack + Slot.rest, lead: 0, from: 64, to: 128 },
  ];
  emitServer(a, config.server, segments, failed);
}

/**
 * The same for other lengths. A half is a number whose first byte is the uppermost of 64 bits, with its ninth and tenth byte in
 * the upper part of another one.
 */
export function emitFourPasses(a: Assembler, config: QuicLbConfig, place: DecodePlace, aes: AesCall): void {
  const { base, at, stack, failed } = place;
  const { length, serverIdLength } = config;
  const feistel = new FeistelCode(a, length, stack, aes);
  const half = Math.ceil(length / 2);
  feistel.load('left', base, at);
  feistel.load('right', base, at + length - half);
  feistel.pass(4, 'left');
  feistel.pass(3, 'right');
  feistel.pass(2, 'left');
  // The left half is done. Often it has all of the server ID (section 5.4.2.2 of the draft).
  const bits = 4 * length;
  const leftAlone = 8 * serverIdLength <= bits;
  if (!leftAlone) feistel.pass(1, 'right');
  const left = segmentsOf(stack + Slot.left, stack + Slot.leftRest, 0, bits, 0);
  const right = segmentsOf(stack + Slot.right, stack + Slot.rightRest, bits, 2 * bits, 8 * half - bits);
  emitServer(a, config.server, leftAlone ? left : [...left, ...right], failed);
}

class FeistelCode {
  readonly #a: Assembler;
  readonly #length: number;
  /** Bytes of a half. */
  readonly #half: number;
  readonly #stack: number;
  readonly #aes: AesCall;

  constructor(a: Assembler, length: number, stack: number, aes: AesCall) {
    this.#a = a;
    this.#length = length;
    this.#half = Math.ceil(length / 2);
    this.#stack = stack;
    this.#aes = aes;
  }

  /** A half of the packet's bytes goes to the stack, and to R0 (and R3). */
  load(side: 'left' | 'right', base: Register, at: number): void {
    const a = this.#a;
    const first = Math.min(this.#half, 8);
    emitNumber(a, R0, base, at, first, R1);
    if (first < 8) a.alu('<<', R0, 64 - 8 * first);
    if (this.#half > 8) {
      emitNumber(a, R3, base, at + 8, this.#half - 8, R1);
      a.alu('<<', R3, 8 * (16 - this.#half));
    }
    this.#clear(side);
    this.#store(side);
  }

  /** Changes one half by the other one, which is in R0 (and R3). Then the changed half is there. */
  pass(number: 1 | 2 | 3 | 4, side: 'left' | 'right'): void {
    const a = this.#a;
    const wide = this.#half > 8;
    a.mov(R1, R0);
    if (wide)
      a.mov(R2, R3)
        .mov(R4, R10)
        .alu('+', R4, this.#stack + Slot.rest);
    a.mov(R3, this.#aes.blocks + BLOCK_KEYS * (number - 1)).callLocal(this.#aes.label);
    if (wide) a.load('u64', R3, R10, this.#stack + Slot.rest);
    this.#clear(side);
    a.load('u64', R1, R10, this.#stack + Slot[side]).alu('^', R0, R1);
    if (wide) a.load('u64', R1, R10, this.#stack + Slot[`${side}Rest`]).alu('^', R3, R1);
    this.#store(side);
  }

  /** Leaves of R0 (and R3) what belongs to a half: of the byte in the middle of an odd number of bytes, four bits. */
  #clear(side: 'left' | 'right'): void {
    const a = this.#a;
    const odd = this.#length % 2 === 1;
    const bits = 8 * this.#half;
    const from = odd && side === 'right' ? 4 : 0;
    const to = odd && side === 'left' ? bits - 4 : bits;
    const first = bitsFromTop(from, Math.min(to, 64), 64);
    if (first !== (1n << 64n) - 1n) a.load64(R1, first).alu('&', R0, R1);
    const rest = bitsFromTop(0, to - 64, 64);
    if (bits > 64) a.load64(R1, rest).alu('&', R3, R1);
  }

  #store(side: 'left' | 'right'): void {
    this.#a.store('u64', R10, this.#stack + Slot[side], R0);
    if (this.#half > 8) this.#a.store('u64', R10, this.#stack + Slot[`${side}Rest`], R3);
  }
}

/** A number of `width` bits with those set that are `from` to before `to`, counted from the uppermost. */
function bitsFromTop(from: number, to: number, width: number): bigint {
  return ((1n << BigInt(to - from)) - 1n) << BigInt(width - to);
}

/** Bits `from` to before `to` of the plain text in a half whose first bits are not its own. */
function segmentsOf(slot: number, rest: number, from: number, to: number, lead: number): Segment[] {
  const inFirst = Math.min(to, from + 64 - lead);
  const first: Segment = { slot, lead, from, to: inFirst };
  return inFirst === to ? [first] : [first, { slot: rest, lead: 0, from: inFirst, to }];
}

/** What {@link NumberField.emit} does, with bits on the stack. */
function emitServer(a: Assembler, field: NumberField, segments: readonly Segment[], failed: string): void {
  const { prefix, count } = field;
  if (prefix.length > 0) a.mov(R0, CidFailure.invalid);
  for (let i = 0; i < prefix.length; i += 4) {
    const size = Math.min(4, prefix.length - i);
    emitBits(a, R1, segments, 8 * i, 8 * size);
    a.jump32('!=', R1, readNumber(prefix, i, size), failed);
  }
  emitBits(a, R0, segments, 8 * prefix.length, 8 * count);
}

/** Puts bits of the plain text, as a number, into `dst`. R2 is lost. */
function emitBits(a: Assembler, dst: Register, segments: readonly Segment[], from: number, count: number): void {
  const end = from + count;
  let target = dst;
  for (const segment of segments) {
    const first = Math.max(from, segment.from);
    const last = Math.min(end, segment.to);
    if (first >= last) continue;
    const before = segment.lead + first - segment.from;
    a.load('u64', target, R10, segment.slot);
    if (before > 0) a.alu('<<', target, before);
    if (last - first < 64) a.alu('>>', target, 64 - (last - first));
    if (end > last) a.alu('<<', target, end - last);
    if (target !== dst) a.alu('|', dst, target);
    target = R2;
  }
}
