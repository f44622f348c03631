import { decode } from './encoding.js';
import type { Instruction } from './instruction.js';
import { instructionText, isWide, type Wording } from './syntax.js';

/** One instruction of a disassembly. */
export interface DisassembledInstruction {
  /** Its first slot: what jumps and the verifier count. */
  readonly index: number;
  readonly text: string;
}

const OBJDUMP: Wording = {
  target: (distance) => `${distance < 0 ? '' : '+'}${distance}`,
  callee: ({ immediate }) => `${immediate}`,
  pseudo: ({ dst, src, immediate }, upper) =>
    `ld_pseudo r${dst}, ${src}, ${immediate >>> 0}${upper === 0 ? '' : `, ${upper}`}`,
};

/**
 * The instructions as `llvm-objdump -d` writes them, without symbols. What LLVM 14 does not know has the words of later
 * versions; a 64-bit load with a source field shows an upper half that is not 0, and packet access its immediate; where a
 * reserved field is not 0 there is `<unknown>`, so that no two instructions read alike, calls of the three kinds excepted.
 * Atomic operations of 32 bits read as with `--mattr=+alu32`.
 *
 * @throws XDP_ERR_ASSEMBLER for bytes that are no whole number of slots; never for what is in them
 */
export function disassemble(program: Uint8Array | readonly Instruction[]): DisassembledInstruction[] {
  return describeAll(program instanceof Uint8Array ? decode(program) : program, () => OBJDUMP);
}

/** The text of every instruction, in words that may depend on its slot. */
export function describeAll(
  instructions: readonly Instruction[],
  wordingAt: (index: number) => Wording,
): DisassembledInstruction[] {
  const lines: DisassembledInstruction[] = [];
  for (let index = 0; index < instructions.length; ) {
    const instruction = instructions[index]!;
    const next = instructions[index + 1];
    lines.push({ index, text: instructionText(instruction, next, wordingAt(index)) });
    index += isWide(instruction, next) ? 2 : 1;
  }
  return lines;
}
