export { Assembler, type Operand } from './assembler.js';
export { type DisassembledInstruction, disassemble } from './disassembler.js';
export { decode, encode } from './encoding.js';
export { HELPER_NAMES, Helper } from './helpers.js';
export {
  type ArithmeticOperator,
  type AtomicOperation,
  type ByteOrder,
  type Condition,
  type Instruction,
  R0,
  R1,
  R2,
  R3,
  R4,
  R5,
  R6,
  R7,
  R8,
  R9,
  R10,
  REGISTERS,
  type Register,
  type SignedSize,
  type Size,
} from './instruction.js';
export { type ListingOptions, listing } from './listing.js';
export { type Assembled, link, type Reference } from './program.js';
export { XdpAction, XdpContext } from './xdp.js';
