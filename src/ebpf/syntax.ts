import {
  ADDRESS_SPACE_CAST,
  ARITHMETIC,
  ATOMICS,
  BYTE_ORDER,
  BYTE_ORDERS,
  CALL,
  Class,
  CONDITIONS,
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
  REGISTERS,
  SIGNED_SIZES,
  SIZES,
  STORE_RELEASE,
} from './instruction.js';

/** How the parts of an instruction that stand for something else are written. */
export interface Wording {
  /** The place at a distance in slots from the next one. */
  target(distance: number): string;
  /** What is called. */
  callee(call: Instruction): string;
  /** The whole text of a 64-bit load whose source field is not 0. */
  pseudo(first: Instruction, upper: number): string;
}

/** What stands for a slot that is no instruction, or in which a reserved field is not zero. */
export const UNKNOWN = '<unknown>';

const OPERATORS = new Map(Object.entries(ARITHMETIC).map(([name, { code, offset }]) => [code | offset, name]));
const ORDERS = new Map(Object.entries(BYTE_ORDERS).map(([name, { opcode, width }]) => [`${opcode} ${width}`, name]));
const CONDITION_NAMES = namesOf(CONDITIONS);
const SIZE_NAMES = namesOf(SIZES);
const SIGNED_SIZE_NAMES = namesOf(SIGNED_SIZES);
const ATOMIC_NAMES = namesOf(ATOMICS);
const ATOMIC_SYMBOLS: Readonly<Record<string, string>> = { add: '+', or: '|', and: '&', xor: '^' };

/** The text of the instruction in a slot; `next` is the slot behind it, which a 64-bit load takes as well. */
export function instructionText(instruction: Instruction, next: Instruction | undefined, wording: Wording): string {
  const { dst, src } = instruction;
  if (dst >= REGISTERS.length || src >= REGISTERS.length) return UNKNOWN;
  return describe(instruction, next, wording) ?? UNKNOWN;
}

/** Whether an instruction and the slot behind it are one load of 64 bits. */
export function isWide(instruction: Instruction, next: Instruction | undefined): next is Instruction {
  if (instruction.opcode !== LOAD_64 || instruction.offset !== 0 || next === undefined) return false;
  return next.opcode === 0 && next.dst === 0 && next.src === 0 && next.offset === 0;
}

function describe(instruction: Instruction, next: Instruction | undefined, wording: Wording): string | undefined {
  switch (instruction.opcode & 0x07) {
    case Class.alu:
    case Class.alu64:
      return arithmetic(instruction);
    case Class.jmp:
    case Class.jmp32:
      return jump(instruction, wording);
    case Class.ld:
      return isWide(instruction, next) ? wide(instruction, next.immediate, wording) : packet(instruction);
    case Class.ldx:
      return load(instruction);
    case Class.st:
      return store(instruction, `${instruction.immediate}`, instruction.src === 0);
    default:
      if ((instruction.opcode & 0xe0) === Mode.atomic) return atomic(instruction);
      return store(instruction, `r${instruction.src}`, instruction.immediate === 0);
  }
}

function arithmetic(instruction: Instruction): string | undefined {
  const { opcode, dst, src, offset, immediate } = instruction;
  const prefix = (opcode & 0x07) === Class.alu64 ? 'r' : 'w';
  const code = opcode & 0xf0;
  if (code === BYTE_ORDER) {
    const order = ORDERS.get(`${opcode} ${immediate}`);
    return order && src === 0 && offset === 0 ? `r${dst} = ${order} r${dst}` : undefined;
  }
  const fromRegister = (opcode & FROM_REGISTER) !== 0;
  if (code === MOVE && offset === ADDRESS_SPACE_CAST) return addressSpaceCast(instruction);
  if (fromRegister ? immediate !== 0 : src !== 0) return undefined;
  if (code === NEGATE) {
    if (fromRegister || offset !== 0 || immediate !== 0) return undefined;
    return `${prefix}${dst} = -${prefix}${dst}`;
  }
  const value = fromRegister ? `${prefix}${src}` : `${immediate}`;
  if (code === MOVE) {
    if (offset === 0) return `${prefix}${dst} = ${value}`;
    const widths = prefix === 'r' ? [8, 16, 32] : [8, 16];
    return fromRegister && widths.includes(offset) ? `${prefix}${dst} = (s${offset})${value}` : undefined;
  }
  const operator = offset === 0 || offset === 1 ? OPERATORS.get(code | offset) : undefined;
  return operator && `${prefix}${dst} ${operator}= ${value}`;
}

/** The kernel takes only casts between the spaces 0 and 1 (kernel/bpf/verifier.c, check_alu_op). */
function addressSpaceCast({ opcode, dst, src, immediate }: Instruction): string | undefined {
  if (opcode !== (Class.alu64 | MOVE | FROM_REGISTER) || (immediate !== 1 && immediate !== 1 << 16)) return undefined;
  return `r${dst} = addr_space_cast(r${src}, ${immediate >> 16}, ${immediate & 0xffff})`;
}

function jump(instruction: Instruction, wording: Wording): string | undefined {
  const { opcode, dst, src, offset, immediate } = instruction;
  const wholeWidth = (opcode & 0x07) === Class.jmp;
  const fromRegister = (opcode & FROM_REGISTER) !== 0;
  const code = opcode & 0xf0;
  const condition = CONDITION_NAMES.get(code);
  if (condition) {
    if (fromRegister ? immediate !== 0 : src !== 0) return undefined;
    const prefix = wholeWidth ? 'r' : 'w';
    const value = fromRegister ? `${prefix}${src}` : `${immediate}`;
    return `if ${prefix}${dst} ${condition} ${value} goto ${wording.target(offset)}`;
  }
  if (fromRegister || dst !== 0) return undefined;
  if (code === JUMP_ALWAYS && src === 0) {
    if (wholeWidth) return immediate === 0 ? `goto ${wording.target(offset)}` : undefined;
    return offset === 0 ? `gotol ${wording.target(immediate)}` : undefined;
  }
  if (!wholeWidth) return undefined;
  if (code === JUMP_PERHAPS) return src === 0 && immediate === 0 ? `may_goto ${wording.target(offset)}` : undefined;
  if (code === EXIT) return src === 0 && offset === 0 && immediate === 0 ? 'exit' : undefined;
  if (code !== CALL || src > Pseudo.kernelFunction) return undefined;
  if (offset !== 0 && src !== Pseudo.kernelFunction) return undefined;
  return `call ${wording.callee(instruction)}`;
}

function wide(instruction: Instruction, upper: number, wording: Wording): string {
  if (instruction.src !== 0) return wording.pseudo(instruction, upper);
  return `r${instruction.dst} = ${(BigInt(upper) << 32n) | BigInt(instruction.immediate >>> 0)} ll`;
}

/** The packet access of old (RFC 9669, section 5.5), which the assembler does not write. */
function packet({ opcode, dst, src, offset, immediate }: Instruction): string | undefined {
  const size = SIZE_NAMES.get(opcode & 0x18);
  if (size === 'u64' || dst !== 0 || offset !== 0) return undefined;
  if ((opcode & 0xe0) === Mode.absolute) return src === 0 ? `r0 = *(${size} *)skb[${immediate}]` : undefined;
  if ((opcode & 0xe0) !== Mode.indirect) return undefined;
  return `r0 = *(${size} *)skb[r${src}${immediate === 0 ? '' : distance(immediate)}]`;
}

function load({ opcode, dst, src, offset, immediate }: Instruction): string | undefined {
  const mode = opcode & 0xe0;
  const sizes = mode === Mode.memory ? SIZE_NAMES : mode === Mode.signed ? SIGNED_SIZE_NAMES : undefined;
  const size = sizes?.get(opcode & 0x18);
  return size && immediate === 0 ? `r${dst} = *(${size} *)(r${src}${distance(offset)})` : undefined;
}

function store({ opcode, dst, offset }: Instruction, value: string, restIsZero: boolean): string | undefined {
  if ((opcode & 0xe0) !== Mode.memory || !restIsZero) return undefined;
  return `*(${SIZE_NAMES.get(opcode & 0x18)} *)(r${dst}${distance(offset)}) = ${value}`;
}

function atomic({ opcode, dst, src, offset, immediate }: Instruction): string | undefined {
  const size = SIZE_NAMES.get(opcode & 0x18);
  const name = ATOMIC_NAMES.get(immediate);
  const register = size === 'u64' ? 'r' : 'w';
  const value = `${register}${src}`;
  const address = `r${dst}${distance(offset)}`;
  if (immediate === STORE_RELEASE) return `store_release((${size} *)(${address}), ${value})`;
  if (immediate === LOAD_ACQUIRE) {
    return `${register}${dst} = load_acquire((${size} *)(r${src}${distance(offset)}))`;
  }
  if (name === undefined || (size !== 'u32' && size !== 'u64')) return undefined;
  const suffix = size === 'u64' ? '_64' : '32_32';
  if (name === 'xchg') return `${value} = xchg${suffix}(${address}, ${value})`;
  if (name === 'cmpxchg') return `${register}0 = cmpxchg${suffix}(${address}, ${register}0, ${value})`;
  if (name.startsWith('fetch_')) return `${value} = atomic_${name}((${size} *)(${address}), ${value})`;
  return `lock *(${size} *)(${address}) ${ATOMIC_SYMBOLS[name]}= ${value}`;
}

function distance(offset: number): string {
  return offset < 0 ? ` - ${-offset}` : ` + ${offset}`;
}

function namesOf(table: Readonly<Record<string, number>>): ReadonlyMap<number, string> {
  return new Map(Object.entries(table).map(([name, code]) => [code, name]));
}
