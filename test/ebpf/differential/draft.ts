import {
  type Assembler,
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
  type Register,
} from '../../../dist/ebpf/index.js';
import type { Random } from './random.js';

/** What a call takes away. */
export const ARGUMENTS: readonly Register[] = [R1, R2, R3, R4, R5];
export const CALLER_SAVED: readonly Register[] = [R0, ...ARGUMENTS];
/** Where the context stays. */
export const CONTEXT = R9;
const SCALARS: readonly Register[] = [R0, R1, R2, R3, R4, R5, R6, R7, R8];

/** Offsets from the frame pointer of the places that helpers read and write, below the slots of numbers. */
export const POINTER_SLOT = -136;
export const KEY = -160;
export const VALUE = -224;
export const VALUE_SIZE = 64;

export interface Budget {
  /** Blocks that may still be written; all functions of a program share it. */
  blocks: number;
  /** Conditional branches: each may double what the verifier has to walk. */
  branches: number;
}

/**
 * A function that is being written. Between any two blocks of it, every register of {@link live} holds a number, and so does
 * every slot of the stack; what else a block needs it makes and takes away itself. So blocks go together in any order,
 * and the verifier accepts what comes out.
 */
export class Draft {
  readonly random: Random;
  readonly code: Assembler;
  readonly budget: Budget;
  /** The main function: it has the context in R9. */
  readonly isMain: boolean;
  /** Slots of 8 bytes, from R10 - 8 downwards, that hold numbers. */
  readonly slots: number;
  /** Subprograms that it may call: later ones, so that nothing calls itself. */
  readonly callees: readonly string[];
  /** Registers that hold a number now. */
  live: readonly Register[];
  /** How deep in branches and loops. */
  depth = 0;
  /** Maps it uses. */
  readonly maps: Set<string>;

  constructor(from: Pick<Draft, 'random' | 'code' | 'budget' | 'isMain' | 'slots' | 'callees' | 'maps'>) {
    this.random = from.random;
    this.code = from.code;
    this.budget = from.budget;
    this.isMain = from.isMain;
    this.slots = from.slots;
    this.callees = from.callees;
    this.maps = from.maps;
    this.live = from.isMain ? SCALARS : [...SCALARS, R9];
  }

  /** A register with a number. */
  scalar(): Register {
    return this.random.pick(this.live);
  }

  /** Some different ones. */
  scalars(count: number, except: readonly Register[] = []): Register[] {
    const left = this.live.filter((register) => !except.includes(register));
    return Array.from({ length: count }, () => left.splice(this.random.below(left.length), 1)[0]!);
  }

  /** A register with a number, or an immediate. */
  operand(): Register | number {
    return this.random.chance(0.5) ? this.scalar() : this.random.immediate();
  }

  /** Gives registers a number again after something else was in them. */
  refill(registers: readonly Register[]): void {
    const sources = this.live.filter((register) => !registers.includes(register));
    for (const register of registers) {
      switch (this.random.below(5)) {
        case 0:
          this.code.mov(register, this.random.immediate());
          break;
        case 1:
          this.code.mov32(register, this.random.immediate());
          break;
        case 2:
          this.code.load('u64', register, R10, this.slot());
          break;
        case 3:
          this.code.load64(register, this.random.quad());
          break;
        default:
          if (sources.length > 0) this.code.mov(register, this.random.pick(sources));
          else this.code.mov(register, 0);
      }
    }
  }

  /** Writes something while registers hold no numbers, and gives them numbers again. */
  without(registers: readonly Register[], write: () => void): void {
    const before = this.live;
    this.live = before.filter((register) => !registers.includes(register));
    write();
    this.live = before;
    this.refill(registers);
  }

  /** The offset of a slot of the stack. */
  slot(): number {
    return -8 * this.random.between(1, this.slots);
  }

  /** The offset of `size` bytes in the slots, aligned as the verifier wants it on the stack. */
  place(size: number): number {
    return -size * this.random.between(1, (8 * this.slots) / size);
  }

  /** A call of a helper that gives a number; `prepare` writes its arguments, `after` what comes before R1 to R5 have numbers. */
  call(helper: number, prepare: () => void, after?: () => void): void {
    this.without(ARGUMENTS, () => {
      prepare();
      this.code.call(helper);
      after?.();
    });
  }

  map(register: Register, name: string): void {
    this.maps.add(name);
    this.code.map(register, name);
  }

  label(hint: string): string {
    return this.code.fresh(hint);
  }
}
