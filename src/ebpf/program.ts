import { XdpError } from '../sys/index.js';
import { encode } from './encoding.js';
import type { Instruction } from './instruction.js';

/** A place in a program that only the kernel it is loaded into can fill. */
export interface Reference {
  /** The slot of the instruction. */
  readonly index: number;
  readonly name: string;
}

/** What an assembler made: jumps are resolved, maps and kernel functions still have names. */
export interface Assembled {
  readonly instructions: readonly Instruction[];
  readonly mapReferences: readonly Reference[];
  readonly kernelFunctionReferences: readonly Reference[];
  /** The slot each label stands at, in the order of the program. */
  readonly labels: ReadonlyMap<string, number>;
  /** What the author said of a slot. */
  readonly comments: ReadonlyMap<number, string>;
}

/**
 * The bytes for BPF_PROG_LOAD.
 *
 * @param maps the descriptor of each map the program names
 * @param kernelFunctions the BTF id, in vmlinux, of each kernel function the program names
 * @throws XDP_ERR_ASSEMBLER where one is missing, or is not a number the instruction can hold
 */
export function link(
  program: Assembled,
  maps: Readonly<Record<string, number>> = {},
  kernelFunctions: Readonly<Record<string, number>> = {},
): Uint8Array {
  const instructions = [...program.instructions];
  fill(instructions, program.mapReferences, maps, 'map');
  fill(instructions, program.kernelFunctionReferences, kernelFunctions, 'kernel function');
  return encode(instructions);
}

function fill(
  instructions: Instruction[],
  references: readonly Reference[],
  values: Readonly<Record<string, number>>,
  what: string,
): void {
  for (const { index, name } of references) {
    const value = Object.hasOwn(values, name) ? values[name] : undefined;
    if (value === undefined) {
      throw new XdpError('XDP_ERR_ASSEMBLER', `instruction ${index}: nothing was given for the ${what} "${name}"`);
    }
    if (!Number.isInteger(value) || value < 0 || value > 0x7fff_ffff) {
      throw new XdpError('XDP_ERR_ASSEMBLER', `instruction ${index}: ${value} cannot stand for the ${what} "${name}"`);
    }
    instructions[index] = { ...instructions[index]!, immediate: value };
  }
}
