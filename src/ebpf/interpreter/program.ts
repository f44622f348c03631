import { XdpError } from '../../sys/index.js';
import { decode } from '../encoding.js';
import { type Instruction, LOAD_64, Pseudo } from '../instruction.js';
import type { Assembled } from '../program.js';
import type { Operation, TranslatedProgram } from './machine.js';
import type { InterpreterMap } from './map.js';
import { translate } from './translate.js';

/** A program made ready for the interpreter, with its maps in place. Several interpreters may run it. */
export class InterpreterProgram implements TranslatedProgram {
  readonly instructions: readonly Instruction[];
  /** For the interpreter only. */
  readonly operations: readonly Operation[];

  /**
   * @param program what an assembler made, or linked bytes
   * @param maps by the names the program has for them; for bytes by their descriptors, as decimal numbers
   * @throws XDP_ERR_INTERPRETER for an instruction that does not exist, a jump out of the program, a helper that is not
   *   interpreted, a kernel function; XDP_ERR_ASSEMBLER for bytes that are no whole number of slots
   */
  constructor(program: Assembled | Uint8Array, maps: Readonly<Record<string, InterpreterMap>> = {}) {
    this.instructions = program instanceof Uint8Array ? decode(program) : program.instructions;
    const names = program instanceof Uint8Array ? namesByDescriptor(this.instructions) : namesByReference(program);
    this.operations = translate(this.instructions, (slot) => {
      const name = names.get(slot) ?? '';
      const map = Object.hasOwn(maps, name) ? maps[name] : undefined;
      if (map === undefined) {
        throw new XdpError('XDP_ERR_INTERPRETER', `instruction ${slot}: nothing was given for the map "${name}"`);
      }
      return { name, map };
    });
  }
}

function namesByReference({ mapReferences }: Assembled): ReadonlyMap<number, string> {
  return new Map(mapReferences.map(({ index, name }) => [index, name]));
}

function namesByDescriptor(instructions: readonly Instruction[]): ReadonlyMap<number, string> {
  const names = new Map<number, string>();
  for (const [slot, { opcode, src, immediate }] of instructions.entries()) {
    if (opcode === LOAD_64 && (src === Pseudo.mapFd || src === Pseudo.mapValue)) names.set(slot, `${immediate}`);
  }
  return names;
}
