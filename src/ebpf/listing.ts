import { describeAll } from './disassembler.js';
import { decode } from './encoding.js';
import { HELPER_NAMES } from './helpers.js';
import { type Instruction, Pseudo } from './instruction.js';
import type { Assembled, Reference } from './program.js';

export interface ListingOptions {
  /** Write the slot before each instruction, as the verifier's log counts. Default false: a golden file then changes less. */
  numbered?: boolean;
}

const INDENT = '    ';
/** Where comments begin. */
const COMMENT_COLUMN = 52;

/**
 * A program for people: labels where jumps go, maps and helpers by name, the author's comments; each line ends in a newline.
 * Bytes, which have no names, get the labels `L` and slot.
 *
 * @throws XDP_ERR_ASSEMBLER for bytes that are no whole number of slots; never for what is in them
 */
export function listing(program: Assembled | Uint8Array, options: ListingOptions = {}): string {
  const { instructions, mapReferences, kernelFunctionReferences, labels, comments } =
    program instanceof Uint8Array ? withoutNames(program) : program;
  const maps = namesOf(mapReferences);
  const kernelFunctions = namesOf(kernelFunctionReferences);
  const places = placesOf(labels);
  const nameAt = (slot: number): string => {
    const known = places.get(slot)?.[0];
    if (known !== undefined) return known;
    places.set(slot, [`L${slot}`]);
    return `L${slot}`;
  };
  const described = describeAll(instructions, (index) => ({
    target: (distance) => nameAt(index + 1 + distance),
    callee: (call) => calleeName(call, kernelFunctions.get(index), () => nameAt(index + 1 + call.immediate)),
    pseudo: (first, upper) => pseudoText(first, upper, maps.get(index), () => nameAt(index + 1 + first.immediate)),
  }));
  const lines: string[] = [];
  for (const { index, text } of described) {
    for (const name of places.get(index) ?? []) lines.push(`${name}:`);
    const line = `${options.numbered ? `${index}`.padStart(5) : ''}${INDENT}${text}`;
    const comment = comments.get(index);
    lines.push(comment === undefined ? line : `${line.padEnd(COMMENT_COLUMN - 1)} ; ${comment}`);
  }
  return lines.map((line) => `${line}\n`).join('');
}

function calleeName({ src, offset, immediate }: Instruction, kernelFunction: string | undefined, local: () => string) {
  if (src === Pseudo.localCall) return local();
  if (src !== Pseudo.kernelFunction) return HELPER_NAMES[immediate] ?? `${immediate}`;
  return `kernel ${kernelFunction ?? `function ${immediate}`}${offset === 0 ? '' : ` of BTF ${offset}`}`;
}

function pseudoText({ dst, src, immediate }: Instruction, upper: number, map: string | undefined, local: () => string) {
  const name = map ?? `fd ${immediate}`;
  if (src === Pseudo.mapFd && upper === 0) return `r${dst} = map ${name}`;
  if (src === Pseudo.mapValue) return `r${dst} = value of map ${name}${upper === 0 ? '' : ` + ${upper}`}`;
  if (src === Pseudo.subprogram && upper === 0) return `r${dst} = subprogram ${local()}`;
  return `r${dst} = pseudo ${src}, ${immediate}, ${upper}`;
}

function namesOf(references: readonly Reference[]): ReadonlyMap<number, string> {
  return new Map(references.map(({ index, name }) => [index, name]));
}

function placesOf(labels: ReadonlyMap<string, number>): Map<number, string[]> {
  const places = new Map<number, string[]>();
  for (const [name, index] of labels) places.set(index, [...(places.get(index) ?? []), name]);
  return places;
}

function withoutNames(bytes: Uint8Array): Assembled {
  return {
    instructions: decode(bytes),
    mapReferences: [],
    kernelFunctionReferences: [],
    labels: new Map(),
    comments: new Map(),
  };
}
