import { XdpError } from '../../sys/index.js';
import { disassemble } from '../disassembler.js';
import { XdpAction } from '../xdp.js';
import { Fault } from './fault.js';
import { FINISHED, Machine, type TranslatedProgram, type XdpRedirect } from './machine.js';
import type { PacketBuffer } from './packet-buffer.js';
import type { InterpreterProgram } from './program.js';

export interface InterpreterOptions {
  /** Nanoseconds, for bpf_ktime_get_ns and its kin. Default: always 0. */
  readonly clock?: () => bigint;
  /** A u32, for bpf_get_prandom_u32. Default: always 0. */
  readonly random?: () => number;
  /** The CPU it runs on, from 0: which value of a per-CPU map programs see. Default 0. */
  readonly cpu?: number;
  /** How many instructions one packet may take. Default 1,000,000. */
  readonly stepLimit?: number;
  /** How many bytes a packet has at least. Default 14, as test runs of the kernel want it; a driver may have received fewer. */
  readonly shortest?: number;
  /** Hears of every instruction before it runs: its slot, and, for tail calls, its program. It costs time. */
  readonly onStep?: (slot: number, program: TranslatedProgram) => void;
}

/** What the packet comes with, as the program sees it in its context. */
export interface InterpreterArrival {
  /** Bytes in front of the packet, from `data_meta` to `data`: a multiple of 4, at most 216. */
  readonly metadata?: Uint8Array | undefined;
  /** Default 1. */
  readonly ingressIfindex?: number | undefined;
  /** Default 0. */
  readonly rxQueueIndex?: number | undefined;
  /** For programs of a device map's entry. Default 0. */
  readonly egressIfindex?: number | undefined;
}

/** What a program made of a packet. */
export interface InterpreterResult {
  /** What the program returned: an XdpAction, or any other u32. */
  readonly action: number;
  /** Where to, when `action` is a redirect and a helper said where. */
  readonly redirect: XdpRedirect | undefined;
  /** Instructions it took. */
  readonly steps: number;
  /** A copy of the packet afterwards, made when asked for: before the next run. */
  readonly packet: Uint8Array;
  /** A copy of the metadata afterwards, in the same way. */
  readonly metadata: Uint8Array;
}

/** Copies only what is asked for: most callers want the verdict. */
class LazyResult implements InterpreterResult {
  readonly action: number;
  readonly redirect: XdpRedirect | undefined;
  readonly steps: number;
  readonly #buffer: PacketBuffer;

  constructor(action: number, redirect: XdpRedirect | undefined, steps: number, buffer: PacketBuffer) {
    this.action = action;
    this.redirect = redirect;
    this.steps = steps;
    this.#buffer = buffer;
  }

  get packet(): Uint8Array {
    return this.#buffer.packet();
  }

  get metadata(): Uint8Array {
    return this.#buffer.metadata();
  }
}

const NONE = new Uint8Array(0);
const PLAIN: InterpreterArrival = {};

/**
 * Runs XDP programs in TypeScript, as the kernel would: the same verdict, the same bytes, the same contents of maps. Needs no
 * privilege and no Linux.
 *
 * It is no verifier: a program that reads what it never wrote gets zeros. But it lets no access out of the packet,
 * the stack and the values of maps, and ends every program.
 *
 * ```ts
 * const program = new InterpreterProgram(assembler.assemble(), { ports: new InterpreterHash({ ... }) });
 * const { action } = new Interpreter(program).run(packet);
 * ```
 */
export class Interpreter {
  readonly #program: InterpreterProgram;
  readonly #machine: Machine;
  readonly #stepLimit: number;
  readonly #shortest: number | undefined;
  readonly #onStep: InterpreterOptions['onStep'];

  constructor(program: InterpreterProgram, options: InterpreterOptions = {}) {
    const { clock = () => 0n, random = () => 0, cpu = 0, stepLimit = 1_000_000, shortest, onStep } = options;
    this.#program = program;
    this.#machine = new Machine(program, clock, random, cpu);
    this.#stepLimit = stepLimit;
    this.#shortest = shortest;
    this.#onStep = onStep;
  }

  /**
   * Runs the program on a copy of `packet`: at least 14 bytes, or {@link InterpreterOptions.shortest}.
   *
   * @throws XDP_ERR_INTERPRETER, with the number of the instruction, where the program does what the verifier would not have
   *   let it do, or takes too many steps
   */
  run(packet: Uint8Array, arrival: InterpreterArrival = PLAIN): InterpreterResult {
    const machine = this.#machine;
    machine.packet.reset(packet, arrival.metadata ?? NONE, this.#shortest);
    machine.context.ingressIfindex = arrival.ingressIfindex ?? 1;
    machine.context.rxQueueIndex = arrival.rxQueueIndex ?? 0;
    machine.context.egressIfindex = arrival.egressIfindex ?? 0;
    machine.reset(this.#program);
    const steps = this.#execute();
    const action = machine.u32(0);
    const redirect = action === XdpAction.redirect ? machine.redirect : undefined;
    return new LazyResult(action, redirect, steps, machine.packet);
  }

  /** @returns how many steps it took */
  #execute(): number {
    const machine = this.#machine;
    const limit = this.#stepLimit;
    const onStep = this.#onStep;
    let { operations } = machine.program;
    let slot = 0;
    let steps = 0;
    try {
      for (;;) {
        if (steps === limit) throw new Fault(`the program is not over after ${limit} instructions`);
        steps++;
        if (onStep !== undefined) onStep(slot, machine.program);
        const next = operations[slot]!(machine);
        if (next >= 0) {
          slot = next;
        } else if (next === FINISHED) {
          return steps;
        } else {
          operations = machine.program.operations;
          slot = machine.resumeAt;
        }
      }
    } catch (error) {
      throw error instanceof Fault ? located(error, machine.program, slot) : error;
    }
  }
}

function located(fault: Fault, { instructions }: TranslatedProgram, slot: number): XdpError {
  const text = disassemble(instructions.slice(slot, slot + 2))[0]?.text ?? '';
  return new XdpError('XDP_ERR_INTERPRETER', `instruction ${slot} (${text}): ${fault.message}`);
}
