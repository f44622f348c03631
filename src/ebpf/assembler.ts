import { XdpError } from '../sys/index.js';
import {
  ARITHMETIC,
  type ArithmeticOperator,
  ATOMICS,
  type AtomicOperation,
  BYTE_ORDERS,
  type ByteOrder,
  CALL,
  Class,
  CONDITIONS,
  type Condition,
  EXIT,
  FROM_REGISTER,
  type Instruction,
  JUMP_ALWAYS,
  JUMP_PERHAPS,
  LOAD_64,
  LOAD_ACQUIRE,
  MOVE,
  Mode,
  NEGATE,
  Pseudo,
  type Register,
  SIGNED_SIZES,
  SIZES,
  type SignedSize,
  type Size,
  STORE_RELEASE,
} from './instruction.js';
import { failure, immediateOf, isSigned, lookUp, registerNumber } from './operand.js';
import type { Assembled, Reference } from './program.js';

/** A register, or a number that becomes part of the instruction. */
export type Operand = Register | number;

/** A distance that is known once all labels are. */
interface Distance {
  readonly index: number;
  readonly label: string;
  readonly field: 'offset' | 'immediate';
}

/** Mode and size of every load. */
const LOADS = {
  u8: Mode.memory | SIZES.u8,
  u16: Mode.memory | SIZES.u16,
  u32: Mode.memory | SIZES.u32,
  u64: Mode.memory | SIZES.u64,
  s8: Mode.signed | SIGNED_SIZES.s8,
  s16: Mode.signed | SIGNED_SIZES.s16,
  s32: Mode.signed | SIGNED_SIZES.s32,
};
const EXTENDED_32 = { s8: 8, s16: 16 } as const;
const EXTENDED_64 = { ...EXTENDED_32, s32: 32 } as const;
const ATOMIC_SIZES = { u32: SIZES.u32, u64: SIZES.u64 } as const;

/**
 * Writes eBPF, instruction after instruction. Every method that adds one gives the assembler back, and throws
 * XDP_ERR_ASSEMBLER, with the number of the instruction, where an operand does not fit.
 *
 * Immediates have 32 bits and are extended with their sign where the operation has 64; operations of 32 bits also take
 * them unsigned. Offsets are in bytes, -32768 to 32767.
 *
 * ```ts
 * const a = new Assembler();
 * a.load('u32', R2, R1, XdpContext.rxQueueIndex).map(R1, 'xsks').mov(R3, XdpAction.pass).call(Helper.redirectMap).exit();
 * const bytes = link(a.assemble(), { xsks: fd });
 * ```
 */
export class Assembler {
  readonly #instructions: Instruction[] = [];
  readonly #labels = new Map<string, number>();
  readonly #distances: Distance[] = [];
  readonly #maps: Reference[] = [];
  readonly #kernelFunctions: Reference[] = [];
  readonly #comments = new Map<number, string>();
  #fresh = 0;

  /** The slot the next instruction will have. */
  get index(): number {
    return this.#instructions.length;
  }

  /** Names the next instruction, for jumps and calls before and after it. */
  label(name: string): this {
    if (this.#labels.has(name)) throw failure(this.index, `the label "${name}" is there already`);
    this.#labels.set(name, this.index);
    return this;
  }

  /** A label's name that nobody has, to be placed with {@link label}: `hint#1`. */
  fresh(hint: string): string {
    this.#fresh++;
    return `${hint}#${this.#fresh}`;
  }

  /** Says something about the next instruction, for {@link listing}. */
  comment(text: string): this {
    const before = this.#comments.get(this.index);
    this.#comments.set(this.index, before === undefined ? text : `${before}; ${text}`);
    return this;
  }

  /** `dst = value`, 64 bits. */
  mov(dst: Register, value: Operand): this {
    return this.#operate(Class.alu64 | MOVE, dst, value, 0, 64);
  }

  /** `dst = value`, 32 bits; the upper half becomes zero. */
  mov32(dst: Register, value: Operand): this {
    return this.#operate(Class.alu | MOVE, dst, value, 0, 32);
  }

  /** `dst = (s8)src`: the sign of the lowest 8, 16 or 32 bits goes up to bit 63. Linux 6.6. */
  movSigned(size: SignedSize, dst: Register, src: Register): this {
    return this.#extend(Class.alu64, lookUp(this.index, 'size', EXTENDED_64, size), dst, src);
  }

  /** The same up to bit 31; the upper half becomes zero. Linux 6.6. */
  movSigned32(size: 's8' | 's16', dst: Register, src: Register): this {
    return this.#extend(Class.alu, lookUp(this.index, 'size', EXTENDED_32, size), dst, src);
  }

  /** `dst operator= value`, 64 bits. Signed division and remainder need Linux 6.6. */
  alu(operator: ArithmeticOperator, dst: Register, value: Operand): this {
    return this.#arithmetic(Class.alu64, operator, dst, value, 64);
  }

  /** `dst operator= value`, 32 bits; the upper half becomes zero. */
  alu32(operator: ArithmeticOperator, dst: Register, value: Operand): this {
    return this.#arithmetic(Class.alu, operator, dst, value, 32);
  }

  /** `dst = -dst`, 64 bits. */
  neg(dst: Register): this {
    return this.#put(Class.alu64 | NEGATE, this.#number(dst), 0, 0, 0);
  }

  /** `dst = -dst`, 32 bits; the upper half becomes zero. */
  neg32(dst: Register): this {
    return this.#put(Class.alu | NEGATE, this.#number(dst), 0, 0, 0);
  }

  /** Turns bytes around: `be16` makes a port of a packet a number. `bswap` needs Linux 6.6. */
  byteOrder(order: ByteOrder, dst: Register): this {
    const { opcode, width } = lookUp(this.index, 'byte order', BYTE_ORDERS, order);
    return this.#put(opcode, this.#number(dst), 0, 0, width);
  }

  /** `dst = *(size *)(base + offset)`; what is above the size becomes zero, or the sign. Signed sizes need Linux 6.6. */
  load(size: Size | SignedSize, dst: Register, base: Register, offset = 0): this {
    const opcode = Class.ldx | lookUp(this.index, 'size', LOADS, size);
    return this.#put(opcode, this.#number(dst), this.#number(base), offset, 0);
  }

  /** `*(size *)(base + offset) = value`. A number may be signed or unsigned of that size; for u64 it is signed, of 32 bits. */
  store(size: Size, base: Register, offset: number, value: Operand): this {
    const opcode = Mode.memory | lookUp(this.index, 'size', SIZES, size);
    if (typeof value === 'number') {
      const immediate = immediateOf(this.index, value, Number(size.slice(1)));
      return this.#put(Class.st | opcode, this.#number(base), 0, offset, immediate);
    }
    return this.#put(Class.stx | opcode, this.#number(base), this.#number(value), offset, 0);
  }

  /**
   * Works on `*(size *)(base + offset)` at once, with the value of `src`. The forms with `fetch` and `xchg` put the old value
   * in `src`; `cmpxchg` stores `src` if R0 is the old value, and puts the old value in R0. All but `add` need Linux 5.12.
   */
  atomic(operation: AtomicOperation, size: 'u32' | 'u64', base: Register, offset: number, src: Register): this {
    const opcode = Class.stx | Mode.atomic | lookUp(this.index, 'size of an atomic operation', ATOMIC_SIZES, size);
    const immediate = lookUp(this.index, 'atomic operation', ATOMICS, operation);
    return this.#put(opcode, this.#number(base), this.#number(src), offset, immediate);
  }

  /** `dst = *(size *)(base + offset)`, and nothing that stands behind it happens before. Linux 6.15. */
  loadAcquire(size: Size, dst: Register, base: Register, offset = 0): this {
    const opcode = Class.stx | Mode.atomic | lookUp(this.index, 'size', SIZES, size);
    return this.#put(opcode, this.#number(dst), this.#number(base), offset, LOAD_ACQUIRE);
  }

  /** `*(size *)(base + offset) = src`, and nothing that stands before it happens after. Linux 6.15. */
  storeRelease(size: Size, base: Register, offset: number, src: Register): this {
    const opcode = Class.stx | Mode.atomic | lookUp(this.index, 'size', SIZES, size);
    return this.#put(opcode, this.#number(base), this.#number(src), offset, STORE_RELEASE);
  }

  /** `dst = value`, any 64 bits, signed or unsigned; two slots. A number must be a safe integer. */
  load64(dst: Register, value: bigint | number): this {
    if (typeof value === 'number' && !Number.isSafeInteger(value))
      throw failure(this.index, `${value} is no safe integer`);
    const bits = BigInt(value);
    if (bits < -(1n << 63n) || bits >= 1n << 64n) throw failure(this.index, `${value} does not fit in 64 bits`);
    return this.#wide(dst, 0, Number(BigInt.asIntN(32, bits)), Number(BigInt.asIntN(32, bits >> 32n)));
  }

  /** `dst` becomes the map of this name, as helpers take it; two slots. {@link link} needs its descriptor. */
  map(dst: Register, name: string): this {
    this.#wide(dst, Pseudo.mapFd, 0, 0);
    this.#maps.push({ index: this.index - 2, name });
    return this;
  }

  /** `dst` becomes the address of the first value of an array map, plus `offset` bytes; two slots. Linux 5.2. */
  mapValue(dst: Register, name: string, offset = 0): this {
    this.#wide(dst, Pseudo.mapValue, 0, immediateOf(this.index, offset, 32));
    this.#maps.push({ index: this.index - 2, name });
    return this;
  }

  /** `if dst condition value goto label`, 64 bits; at most 32767 slots away. */
  jump(condition: Condition, dst: Register, value: Operand, label: string): this {
    const code = lookUp(this.index, 'condition', CONDITIONS, condition);
    return this.#operate(Class.jmp | code, dst, value, 0, 64).#toLabel(label, 'offset');
  }

  /** The same on the lower 32 bits. Linux 5.1. */
  jump32(condition: Condition, dst: Register, value: Operand, label: string): this {
    const code = lookUp(this.index, 'condition', CONDITIONS, condition);
    return this.#operate(Class.jmp32 | code, dst, value, 0, 32).#toLabel(label, 'offset');
  }

  /** Goes to a label at most 32767 slots away. */
  goto(label: string): this {
    return this.#put(Class.jmp | JUMP_ALWAYS, 0, 0, 0, 0).#toLabel(label, 'offset');
  }

  /** Goes to a label at any distance. Linux 6.6. */
  gotoLong(label: string): this {
    return this.#put(Class.jmp32 | JUMP_ALWAYS, 0, 0, 0, 0).#toLabel(label, 'immediate');
  }

  /**
   * Goes on to the next instruction, or to a label once the loop it stands in has run for too long: about a quarter of a
   * second. With it the verifier takes a loop whose end it can't see. Linux 6.9.
   */
  mayGoto(label: string): this {
    return this.#put(Class.jmp | JUMP_PERHAPS, 0, 0, 0, 0).#toLabel(label, 'offset');
  }

  /** Calls a helper by its number, see {@link Helper}. */
  call(helper: number): this {
    return this.#put(Class.jmp | CALL, 0, 0, 0, immediateOf(this.index, helper, 64));
  }

  /** Calls the subprogram at a label. It has its own R6 to R10; R1 to R5 are its arguments, R0 its result. Linux 4.16. */
  callLocal(label: string): this {
    return this.#put(Class.jmp | CALL, 0, Pseudo.localCall, 0, 0).#toLabel(label, 'immediate');
  }

  /** Calls a kernel function of vmlinux by name. {@link link} needs its BTF id. Linux 5.18 for XDP. */
  callKernel(name: string): this {
    this.#put(Class.jmp | CALL, 0, Pseudo.kernelFunction, 0, 0);
    this.#kernelFunctions.push({ index: this.index - 1, name });
    return this;
  }

  /** Ends the program, or the subprogram, with R0. */
  exit(): this {
    return this.#put(Class.jmp | EXIT, 0, 0, 0, 0);
  }

  /**
   * Resolves the labels. The assembler may be written on afterwards.
   *
   * @throws XDP_ERR_ASSEMBLER where a label is missing, is too far away or has no instruction, or nothing was written
   */
  assemble(): Assembled {
    const instructions = [...this.#instructions];
    if (instructions.length === 0) throw new XdpError('XDP_ERR_ASSEMBLER', 'there are no instructions');
    for (const { index, label, field } of this.#distances) {
      const target = this.#labels.get(label);
      if (target === undefined) throw failure(index, `there is no label "${label}"`);
      if (target === instructions.length) throw failure(index, `no instruction follows the label "${label}"`);
      const distance = target - index - 1;
      if (field === 'offset' && !isSigned(distance, 16)) {
        throw failure(index, `the label "${label}" is ${distance} instructions away, further than 16 bits hold`);
      }
      // Field by field: a spread with a computed key takes a hundred times as long.
      const { opcode, dst, src, offset, immediate } = instructions[index]!;
      instructions[index] =
        field === 'offset'
          ? { opcode, dst, src, offset: distance, immediate }
          : { opcode, dst, src, offset, immediate: distance };
    }
    return {
      instructions,
      mapReferences: [...this.#maps],
      kernelFunctionReferences: [...this.#kernelFunctions],
      labels: new Map(this.#labels),
      comments: new Map(this.#comments),
    };
  }

  #arithmetic(kind: number, operator: ArithmeticOperator, dst: Register, value: Operand, bits: 32 | 64): this {
    const { code, offset } = lookUp<{ code: number; offset: number }>(this.index, 'operator', ARITHMETIC, operator);
    if (typeof value === 'number' && /<<|>>/.test(operator) && !(value >= 0 && value < bits)) {
      throw failure(this.index, `${value} is no distance to shift ${bits} bits by`);
    }
    return this.#operate(kind | code, dst, value, offset, bits);
  }

  #extend(kind: number, width: number, dst: Register, src: Register): this {
    return this.#put(kind | MOVE | FROM_REGISTER, this.#number(dst), this.#number(src), width, 0);
  }

  #operate(opcode: number, dst: Register, value: Operand, offset: number, bits: 32 | 64): this {
    if (typeof value === 'number') {
      return this.#put(opcode, this.#number(dst), 0, offset, immediateOf(this.index, value, bits));
    }
    return this.#put(opcode | FROM_REGISTER, this.#number(dst), this.#number(value), offset, 0);
  }

  #wide(dst: Register, src: number, lower: number, upper: number): this {
    return this.#put(LOAD_64, this.#number(dst), src, 0, lower).#put(0, 0, 0, 0, upper);
  }

  #put(opcode: number, dst: number, src: number, offset: number, immediate: number): this {
    if (!isSigned(offset, 16)) throw failure(this.index, `the offset ${offset} does not fit in 16 bits`);
    this.#instructions.push({ opcode, dst, src, offset, immediate });
    return this;
  }

  /** Gives the last slot the distance to a label, in one of its fields. */
  #toLabel(label: string, field: Distance['field']): this {
    this.#distances.push({ index: this.index - 1, label, field });
    return this;
  }

  #number(name: Register): number {
    return registerNumber(this.index, name);
  }
}
