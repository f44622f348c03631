import type { ElfFile, ElfSymbol, Relocation } from './elf.js';
import { type BpfFunction, type Functions, SLOT } from './functions.js';
import { objectError } from './object-error.js';

/** Opcodes that name something elsewhere (RFC 9669): the two-slot load of 64 bits, and the call. */
const LOAD_64 = 0x18;
const CALL = 0x85;
/** Source field of a call of a function that is no helper. */
const PSEUDO_CALL = 1;
/** Source field of a load of a function's address. */
const PSEUDO_FUNCTION = 4;
const R_BPF_64_64 = 1;
const R_BPF_64_32 = 10;
/** BPF_MAX_SUBPROGS of the verifier. */
const MOST_FUNCTIONS = 256;
/** BPF_COMPLEXITY_LIMIT_INSNS */
const MOST_SLOTS = 1_000_000;

/** A function within a linked program. */
export interface Piece {
  readonly function: BpfFunction;
  /** Where it begins in the program, in slots. */
  readonly start: number;
}

/** An instruction that names something outside of the code. */
export interface CodeReference {
  /** Of the instruction, in the program. */
  readonly slot: number;
  readonly kind: 'address' | 'call';
  readonly symbol: ElfSymbol;
  /** Bytes from the symbol. */
  readonly addend: number;
}

/** A program with all functions that it calls, one behind the other. */
export interface LinkedProgram {
  /** References are not filled in yet. */
  readonly code: Uint8Array;
  /** The first one is the program itself. */
  readonly pieces: readonly Piece[];
  readonly references: readonly CodeReference[];
}

interface Growing extends Piece {
  readonly bytes: Uint8Array;
}

/**
 * Puts a program together: behind it the functions that it calls, each where it is called for the first time, and before
 * those of its caller that come later (the order of libbpf, so that both make the same program).
 *
 * @throws XDP_ERR_OBJECT
 */
export function linkProgram(main: BpfFunction, functions: Functions, elf: ElfFile): LinkedProgram {
  const pieces = new Map<BpfFunction, Growing>();
  const references: CodeReference[] = [];
  let slots = 0;

  /** Where a function begins; it is appended if it is not there yet. */
  function place(wanted: BpfFunction): number {
    const known = pieces.get(wanted);
    if (known !== undefined) return known.start;
    const { section, offset, size } = wanted;
    const piece = { function: wanted, start: slots, bytes: section.data.slice(offset, offset + size) };
    pieces.set(wanted, piece);
    slots += size / SLOT;
    if (pieces.size > MOST_FUNCTIONS || slots > MOST_SLOTS) {
      throw objectError(
        `program ${main.name} is too long: ${pieces.size} functions of ${slots} instructions`,
        `the kernel takes ${MOST_FUNCTIONS} functions and ${MOST_SLOTS} instructions`,
      );
    }
    fill(piece);
    return piece.start;
  }

  /** Walks a piece: calls get their distance, what is not code is noted. */
  function fill(piece: Growing): void {
    const { bytes, start } = piece;
    const { section, offset, size, name } = piece.function;
    const view = new DataView(bytes.buffer);
    const relocations = new Map(
      elf
        .relocationsOf(section)
        .filter((relocation) => relocation.offset >= offset && relocation.offset < offset + size)
        .map((relocation) => [(relocation.offset - offset) / SLOT, relocation]),
    );
    for (let slot = 0; slot < size / SLOT; slot++) {
      const at = slot * SLOT;
      const opcode = view.getUint8(at);
      const pseudo = view.getUint8(at + 1) >> 4;
      const immediate = view.getInt32(at + 4, true);
      const relocation = relocations.get(slot);
      relocations.delete(slot);
      /** Begins a function at this place, or says that there is none. */
      const distanceTo = (to: number, targetOffset: number): number => {
        const target = functions.at(to, targetOffset);
        if (target !== undefined) return place(target) - (start + slot) - 1;
        throw objectError(`${name} calls a function at byte ${targetOffset} of section ${to}, where none begins`);
      };
      const isCode = relocation !== undefined && elf.sections[relocation.symbol.section]?.executable === true;

      if (opcode === CALL && pseudo === PSEUDO_CALL) {
        checkType(name, relocation, R_BPF_64_32);
        if (relocation === undefined) {
          view.setInt32(at + 4, distanceTo(section.index, offset + (slot + immediate + 1) * SLOT), true);
        } else if (isCode) {
          const { section: to, value } = relocation.symbol;
          view.setInt32(at + 4, distanceTo(to, value + (immediate + 1) * SLOT), true);
        } else {
          references.push({ slot: start + slot, kind: 'call', symbol: relocation.symbol, addend: 0 });
        }
      } else if (opcode === LOAD_64) {
        checkType(name, relocation, R_BPF_64_64);
        if (at + 2 * SLOT > bytes.length) throw objectError(`${name} ends in the middle of an instruction`);
        if (isCode) {
          const { section: to, value } = relocation.symbol;
          view.setUint8(at + 1, (view.getUint8(at + 1) & 15) | (PSEUDO_FUNCTION << 4));
          view.setInt32(at + 4, distanceTo(to, value + immediate), true);
        } else if (relocation !== undefined) {
          references.push({ slot: start + slot, kind: 'address', symbol: relocation.symbol, addend: immediate });
        }
        // The second slot is no instruction of its own.
        slot++;
      } else if (relocation !== undefined) {
        throw objectError(`${name} refers to ${relocation.symbol.name} in an instruction that names nothing`);
      }
    }
    if (relocations.size > 0) throw objectError(`${name} has a relocation between two instructions`);
  }

  place(main);
  const code = new Uint8Array(slots * SLOT);
  for (const { start, bytes } of pieces.values()) code.set(bytes, start * SLOT);
  return { code, pieces: [...pieces.values()], references };
}

function checkType(name: string, relocation: Relocation | undefined, type: number): void {
  if (relocation === undefined || relocation.type === type) return;
  throw objectError(`${name} refers to ${relocation.symbol.name} in an unknown way (relocation ${relocation.type})`);
}
