import { Errno } from '../../sys/index.js';
import type { TranslatedProgram } from './machine.js';
import type { InterpreterMap } from './map.js';

/** A program array (BPF_MAP_TYPE_PROG_ARRAY) in memory, for tail calls. */
export class InterpreterProgramArray implements InterpreterMap {
  readonly keySize = 4;
  readonly valueSize = 4;
  readonly #programs = new Map<number, TranslatedProgram>();

  program(index: number): TranslatedProgram | undefined {
    return this.#programs.get(index);
  }

  /** Puts a program in a place, or takes the one that is there out. */
  set(index: number, program: TranslatedProgram | undefined): void {
    if (program === undefined) this.#programs.delete(index);
    else this.#programs.set(index, program);
  }

  lookup(): undefined {
    return undefined;
  }

  update(): number {
    return -Errno.EOPNOTSUPP;
  }

  delete(): number {
    return -Errno.EOPNOTSUPP;
  }
}
