import { type Assembler, R0, R1, R2, R3, R4, R5, R6, R10, type Register } from '../../ebpf/index.js';
import type { Arithmetic, Load, Operation } from './tree.js';

/** Where the numbers of an expression are kept while others are computed. */
export interface Place {
  /** The label for what can't be computed. */
  readonly reject: string;
  /** The stack is free below this offset from R10. */
  readonly stack: number;
  /** Points behind the frame's last byte. */
  readonly end: Register;
  /** See `ExpressionState`. */
  readonly shortFirst: boolean;
}

/** By depth: the left side of a relation has depth 0, the right side 1. What is deeper than the last shares it. */
export const REGISTERS_OF_NUMBERS: readonly ['r1', 'r2', 'r3', 'r4', 'r5'] = [R1, R2, R3, R4, R5];
type NumberRegister = (typeof REGISTERS_OF_NUMBERS)[number];
const DEEPEST = REGISTERS_OF_NUMBERS.length - 1;

/** No pointer of a packet may be moved further (include/linux/bpf_verifier.h, MAX_PACKET_OFF), and no frame is longer. */
const LONGEST_FRAME = 0xffff;
/** What the offset of a load can hold. */
const LONGEST_OFFSET = 0x7fff;
const SIZE_NAMES = { 1: 'u8', 2: 'u16', 4: 'u32' } as const;

/**
 * Computes a number into the register of its depth, zero-extended to 64 bits.
 *
 * @param checked bytes of the frame that are known to be there
 * @param raw whether what is loaded stays in the packet's byte order: see {@link constantOf}
 * @returns the bytes that are known to be there afterwards
 */
export function emitNumber(
  a: Assembler,
  number: Arithmetic,
  depth: number,
  place: Place,
  checked: number,
  raw = false,
): number {
  const register = REGISTERS_OF_NUMBERS[Math.min(depth, DEEPEST)]!;
  switch (number.kind) {
    case 'number':
      a.mov32(register, number.value);
      return checked;
    case 'length':
      a.mov(register, place.end).alu('-', register, R6);
      return checked;
    case 'negation': {
      const known = emitNumber(a, number.operand, depth, place, checked);
      a.neg32(register);
      return known;
    }
    case 'load': {
      const known = emitLoad(a, number, register, depth, place, checked);
      if (!raw && number.size > 1) a.byteOrder(number.size === 2 ? 'be16' : 'be32', register);
      return known;
    }
    case 'operation':
      if (raw) return emitRawMask(a, number, register, depth, place, checked);
      return emitOperation(a, number, register, depth, place, checked);
  }
}

function emitLoad(
  a: Assembler,
  { size, offset, index }: Load,
  register: NumberRegister,
  depth: number,
  place: Place,
  checked: number,
): number {
  const name = SIZE_NAMES[size];
  const end = offset + size;
  let known = checked;
  if (index !== undefined) known = emitNumber(a, index, depth, place, checked);
  if (end > LONGEST_FRAME) {
    // A jump that is always taken: behind an unconditional one the verifier would miss a way to what follows.
    a.mov(R0, 0).jump('==', R0, 0, place.reject).mov(register, 0);
    return known;
  }
  if (index === undefined) {
    if (end > known || offset > LONGEST_OFFSET) {
      rejectBeyond(a.mov(R0, R6).alu('+', R0, end), R0, place);
    }
    if (offset <= LONGEST_OFFSET) a.load(name, register, R6, offset);
    else a.load(name, register, R0, -size);
    // Farther than a load reaches it is checked anew each time, for R0.
    return offset <= LONGEST_OFFSET ? Math.max(known, end) : known;
  }
  if (largest(index) > LONGEST_FRAME - end) a.jump('>', register, LONGEST_FRAME - end, place.reject);
  a.mov(R0, R6).alu('+', R0, register).alu('+', R0, offset);
  rejectBeyond(a.mov(register, R0).alu('+', register, size), register, place);
  a.load(name, register, R0);
  return known;
}

/** Rejects where a pointer is behind the frame's end. */
function rejectBeyond(a: Assembler, pointer: Register, { end, reject, shortFirst }: Place): void {
  if (!shortFirst) {
    a.jump('>', pointer, end, reject);
    return;
  }
  const there = a.fresh('there');
  a.jump('<=', pointer, end, there).goto(reject).label(there);
}

function emitOperation(
  a: Assembler,
  { operator, left, right }: Operation,
  register: NumberRegister,
  depth: number,
  place: Place,
  checked: number,
): number {
  const knownLeft = emitNumber(a, left, depth, place, checked);
  const isShift = operator === '<<' || operator === '>>';
  if (right.kind === 'number') {
    if (isShift && right.value > 31) a.mov32(register, 0);
    else if ((operator === '/' || operator === '%') && right.value === 0) {
      a.mov(R0, 0).jump('==', R0, 0, place.reject);
    } else a.alu32(operator, register, right.value);
    return knownLeft;
  }
  const [second, known] = emitRight(a, right, register, depth, place, knownLeft);
  if (operator === '/' || operator === '%') a.jump32('==', second, 0, place.reject);
  if (!isShift) {
    a.alu32(operator, register, second);
    return known;
  }
  // Distances of 32 and more shift everything out; eBPF would take their lowest five bits.
  const [inReach, done] = [a.fresh('shift'), a.fresh('shifted')];
  a.jump32('<=', second, 31, inReach).mov32(register, 0).goto(done);
  a.label(inReach).alu32(operator, register, second).label(done);
  return known;
}

/** Computes the right operand; where no register is left, with the left one on the stack meanwhile. */
function emitRight(
  a: Assembler,
  right: Arithmetic,
  register: NumberRegister,
  depth: number,
  place: Place,
  checked: number,
): [NumberRegister | typeof R0, number] {
  if (depth < DEEPEST) return [REGISTERS_OF_NUMBERS[depth + 1]!, emitNumber(a, right, depth + 1, place, checked)];
  const slot = place.stack - 8 * (depth - DEEPEST + 1);
  a.store('u64', R10, slot, register);
  const known = emitNumber(a, right, depth + 1, place, checked);
  a.mov(R0, register).load('u64', register, R10, slot);
  return [R0, known];
}

/**
 * A number that is only compared for equality with a constant need not be turned around: the constant is, when the program is
 * written. Undefined where that is not possible. (eBPF has the byte order of the machine; xdpkit runs on little-endian ones.)
 */
export function constantOf(left: Arithmetic, right: Arithmetic): { value: Arithmetic; constant: number } | undefined {
  if (right.kind !== 'number') return undefined;
  const load = left.kind === 'operation' && left.operator === '&' && left.right.kind === 'number' ? left.left : left;
  if (load.kind !== 'load' || right.value >= 256 ** load.size) return undefined;
  return { value: left, constant: reversed(right.value, load.size) };
}

function emitRawMask(
  a: Assembler,
  { left, right }: Operation,
  register: NumberRegister,
  depth: number,
  place: Place,
  checked: number,
): number {
  const known = emitNumber(a, left, depth, place, checked, true);
  const { size } = left as Load;
  const mask = right.kind === 'number' ? right.value : 0;
  a.alu32('&', register, reversed(mask % 256 ** size, size));
  return known;
}

function reversed(value: number, size: number): number {
  let result = 0;
  for (let i = 0; i < size; i++) result = result * 256 + ((value >>> (8 * i)) & 0xff);
  return result;
}

const MIRRORED = { '<': '>', '<=': '>=', '>': '<', '>=': '<=' } as const;

/** Jumps by how the frame's length compares with a number. The verifier lets pointers of a packet be compared, not subtracted. */
export function emitLengthJump(
  a: Assembler,
  condition: keyof typeof MIRRORED | '==' | '!=',
  length: number,
  target: string,
  end: Register,
): void {
  if (length > LONGEST_FRAME) {
    a.mov(R0, LONGEST_FRAME).jump32(condition, R0, length, target);
    return;
  }
  a.mov(R0, R6).alu('+', R0, length);
  if (condition === '!=') a.jump('>', R0, end, target).jump('<', R0, end, target);
  else if (condition === '==') {
    // Whether they are equal it does not tell.
    const shorter = a.fresh('shorter');
    a.jump('>', R0, end, shorter).jump('>=', R0, end, target).label(shorter);
  } else a.jump(MIRRORED[condition], R0, end, target);
}

/** No value of this is greater: 2 ** 32 - 1 where nothing better is known. */
function largest(number: Arithmetic): number {
  if (number.kind === 'number') return number.value;
  if (number.kind === 'load' && number.size < 4) return 256 ** number.size - 1;
  if (number.kind === 'operation' && number.right.kind === 'number') {
    const [left, right] = [largest(number.left), number.right.value];
    if (number.operator === '&') return Math.min(left, right);
    if (number.operator === '<<' && right < 32) return Math.min(left * 2 ** right, 0xffffffff);
  }
  return 0xffffffff;
}
