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
export { InterpreterArray, type InterpreterArrayOptions } from './interpreter/array-map.js';
export { InterpreterHash, type InterpreterHashOptions } from './interpreter/hash-map.js';
export {
  Interpreter,
  type InterpreterArrival,
  type InterpreterOptions,
  type InterpreterResult,
} from './interpreter/interpreter.js';
export { InterpreterLpmTrie, type InterpreterLpmTrieOptions } from './interpreter/lpm-trie.js';
export type { TranslatedProgram, XdpRedirect } from './interpreter/machine.js';
export type { InterpreterEntry, InterpreterMap } from './interpreter/map.js';
export { InterpreterMapOfMaps } from './interpreter/map-of-maps.js';
export { InterpreterProgram } from './interpreter/program.js';
export { InterpreterProgramArray } from './interpreter/program-array.js';
export { InterpreterQueue, type InterpreterQueueOptions } from './interpreter/queue-map.js';
export { InterpreterRedirectMap, type RedirectKind } from './interpreter/redirect-map.js';
export { InterpreterRingBuffer } from './interpreter/ring-buffer.js';
export { type ListingOptions, listing } from './listing.js';
export { type Assembled, link, type Reference } from './program.js';
export { XdpAction, XdpContext } from './xdp.js';
