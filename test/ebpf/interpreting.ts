import {
  Assembler,
  Interpreter,
  InterpreterArray,
  type InterpreterArrival,
  type InterpreterMap,
  type InterpreterOptions,
  InterpreterProgram,
  type InterpreterResult,
  R0,
  R9,
  type Register,
} from '../../dist/ebpf/index.js';

export interface RunOptions extends InterpreterOptions {
  readonly maps?: Readonly<Record<string, InterpreterMap>>;
  readonly packet?: Uint8Array;
  readonly arrival?: InterpreterArrival;
}

/** Bytes 0, 1, 2, … */
export const counted = (length: number): Uint8Array => Uint8Array.from({ length }, (_, i) => i);

export function programOf(write: (a: Assembler) => unknown, maps: RunOptions['maps'] = {}): InterpreterProgram {
  const a = new Assembler();
  write(a);
  return new InterpreterProgram(a.assemble(), maps);
}

/** Runs what is written, on a packet of 64 bytes unless another is given. */
export function run(write: (a: Assembler) => unknown, options: RunOptions = {}): InterpreterResult {
  const interpreter = new Interpreter(programOf(write, options.maps), options);
  return interpreter.run(options.packet ?? counted(64), options.arrival);
}

/** Registers, whole, after what is written. R9 may not be used. */
export function registersAfter(write: (a: Assembler) => unknown, ...registers: Register[]): bigint[] {
  const out = new InterpreterArray({ valueSize: 8 * registers.length, maxEntries: 1 });
  run(
    (a) => {
      write(a);
      a.mapValue(R9, 'out');
      for (const [i, register] of registers.entries()) a.store('u64', R9, 8 * i, register);
      a.mov(R0, 0).exit();
    },
    { maps: { out } },
  );
  const view = new DataView(out.lookup(new Uint8Array(4))!.buffer);
  return registers.map((_, i) => view.getBigUint64(8 * i, true));
}
