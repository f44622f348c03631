import { XdpError } from '../../sys/index.js';
import { disassemble } from '../disassembler.js';
import {
  ADDRESS_SPACE_CAST,
  ARITHMETIC,
  type ArithmeticOperator,
  ATOMICS,
  type AtomicOperation,
  BYTE_ORDER,
  CALL,
  Class,
  CONDITIONS,
  type Condition,
  EXIT,
  FROM_REGISTER,
  type Instruction,
  JUMP_ALWAYS,
  JUMP_PERHAPS,
  LOAD_64,
  LOAD_ACQUIRE,
  MOVE,
  Mode,
  NEGATE,
  Pseudo,
  SIGNED_SIZES,
  SIZES,
  type SignedSize,
  type Size,
  STORE_RELEASE,
} from '../instruction.js';
import { UNKNOWN } from '../syntax.js';
import { ARITHMETIC_32, negate32 } from './arithmetic-32.js';
import { ARITHMETIC_64, negate64 } from './arithmetic-64.js';
import { atomic } from './atomics.js';
import { Fault } from './fault.js';
import { callHelper } from './helper-call.js';
import { JUMPS_32, JUMPS_64 } from './jumps.js';
import { LOADS } from './loads.js';
import type { Operation } from './machine.js';
import type { InterpreterMap } from './map.js';
import { extend32, extend64, move32, move64, swap, truncate } from './moves.js';
import { STORES } from './stores.js';

/** Finds the map that a slot refers to. */
type FindMap = (slot: number) => { name: string; map: InterpreterMap };

const OPERATORS = inverse<ArithmeticOperator>(
  Object.entries(ARITHMETIC).map(([name, { code, offset }]) => [name, code | offset]),
);
const CONDITION_NAMES = inverse<Condition>(Object.entries(CONDITIONS));
const SIZE_NAMES = inverse<Size>(Object.entries(SIZES));
const SIGNED_SIZE_NAMES = inverse<SignedSize>(Object.entries(SIGNED_SIZES));
const ATOMIC_NAMES = inverse<AtomicOperation>(Object.entries(ATOMICS));

/** Where an instruction stands. */
interface Place {
  readonly slot: number;
  readonly instructions: readonly Instruction[];
  readonly findMap: FindMap;
}

/** Makes every instruction ready to run; the second slot of a wide one, and the end, refuse to. */
export function translate(instructions: readonly Instruction[], findMap: FindMap): Operation[] {
  const operations = new Array<Operation>(instructions.length).fill(SECOND_HALF);
  for (const { index: slot, text } of disassemble(instructions)) {
    const place: Place = { slot, instructions, findMap };
    if (text === UNKNOWN) throw failure(place, 'there is no such instruction');
    operations[slot] = operationOf(instructions[slot]!, place);
  }
  operations.push(refuse('the program has come to its end without an exit'));
  return operations;
}

function operationOf(instruction: Instruction, place: Place): Operation {
  const { opcode } = instruction;
  switch (opcode & 0x07) {
    case Class.alu:
    case Class.alu64:
      return arithmetic(instruction, place);
    case Class.jmp:
    case Class.jmp32:
      return jump(instruction, place);
    case Class.ld:
      if (opcode === LOAD_64) return load64(instruction, place);
      throw failure(place, 'XDP has no packet access of this kind');
    case Class.ldx: {
      const sizes = (opcode & 0xe0) === Mode.signed ? SIGNED_SIZE_NAMES : SIZE_NAMES;
      return LOADS[sizes.get(opcode & 0x18)!](
        destination(instruction, place),
        2 * instruction.src,
        instruction.offset,
        place.slot + 1,
      );
    }
    default:
      return (opcode & 0xe0) === Mode.atomic ? atomicAccess(instruction, place) : store(instruction, place);
  }
}

function arithmetic(instruction: Instruction, place: Place): Operation {
  const { opcode, offset, immediate } = instruction;
  const next = place.slot + 1;
  const whole = (opcode & 0x07) === Class.alu64;
  const code = opcode & 0xf0;
  const d = destination(instruction, place);
  const s = source(instruction);
  if (code === NEGATE) return whole ? negate64(d, next) : negate32(d, next);
  if (code === BYTE_ORDER) {
    const toLittleEndian = opcode === Class.alu + BYTE_ORDER;
    return toLittleEndian ? truncate(d, immediate, next) : swap(d, immediate, next);
  }
  if (code === MOVE) {
    if (offset === ADDRESS_SPACE_CAST) throw failure(place, 'arenas are not interpreted');
    if (offset !== 0) return (whole ? extend64 : extend32)(d, s, offset, next);
    return whole ? move64(d, s, immediate, immediate >> 31, next) : move32(d, s, immediate, next);
  }
  const builders = whole ? ARITHMETIC_64 : ARITHMETIC_32;
  return builders[OPERATORS.get(code | offset)!](d, s, immediate, immediate >> 31, next);
}

function jump(instruction: Instruction, place: Place): Operation {
  const { opcode, src, offset, immediate } = instruction;
  const next = place.slot + 1;
  const whole = (opcode & 0x07) === Class.jmp;
  const code = opcode & 0xf0;
  const condition = CONDITION_NAMES.get(code);
  if (condition !== undefined) {
    const builders = whole ? JUMPS_64 : JUMPS_32;
    const target = targetAt(place, offset);
    return builders[condition](2 * instruction.dst, source(instruction), immediate, immediate >> 31, target, next);
  }
  switch (code) {
    case JUMP_ALWAYS: {
      const target = targetAt(place, whole ? offset : immediate);
      return () => target;
    }
    case JUMP_PERHAPS: {
      const target = targetAt(place, offset);
      return (m) => (m.mayLoop() ? next : target);
    }
    case EXIT:
      return (m) => m.leave();
    case CALL: {
      if (src === Pseudo.kernelFunction) throw failure(place, 'kernel functions are not interpreted');
      if (src !== Pseudo.localCall) return callHelper(immediate, next, (reason) => failure(place, reason));
      const target = targetAt(place, immediate);
      return (m) => m.enter(target, next);
    }
    default:
      throw failure(place, 'there is no such jump');
  }
}

function load64(instruction: Instruction, place: Place): Operation {
  const { src, immediate } = instruction;
  const { slot, instructions, findMap } = place;
  const d = destination(instruction, place);
  const upper = instructions[slot + 1]!.immediate;
  const next = slot + 2;
  if (src === 0) return move64(d, -1, immediate, upper, next);
  if (src !== Pseudo.mapFd && src !== Pseudo.mapValue) throw failure(place, 'callbacks are not interpreted');
  const { name, map } = findMap(slot);
  if (src === Pseudo.mapFd) {
    return (m) => {
      m.memory.pointer(m.words, d, map, `map ${name}`);
      return next;
    };
  }
  const value = map.lookup(new Uint8Array(map.keySize), 0);
  if (!(value instanceof Uint8Array)) throw failure(place, `map ${name} has no value that can be pointed to`);
  return (m) => {
    m.memory.pointer(m.words, d, value, `the value of map ${name}`);
    m.words[d]! += upper;
    return next;
  };
}

function store(instruction: Instruction, place: Place): Operation {
  const { opcode, src, dst, offset, immediate } = instruction;
  const s = (opcode & 0x07) === Class.stx ? 2 * src : -1;
  const size = SIZE_NAMES.get(opcode & 0x18)!;
  return STORES[size](2 * dst, s, immediate, immediate >> 31, offset, place.slot + 1);
}

function atomicAccess(instruction: Instruction, place: Place): Operation {
  const { opcode, dst, src, offset, immediate } = instruction;
  const size = SIZE_NAMES.get(opcode & 0x18)!;
  const next = place.slot + 1;
  if (immediate === LOAD_ACQUIRE) return LOADS[size](destination(instruction, place), 2 * src, offset, next);
  if (immediate === STORE_RELEASE) return STORES[size](2 * dst, 2 * src, 0, 0, offset, next);
  return atomic(ATOMIC_NAMES.get(immediate)!, size === 'u64', 2 * dst, 2 * src, offset, next);
}

/** The first word of the register that is written. */
function destination(instruction: Instruction, place: Place): number {
  if (instruction.dst === 10) throw failure(place, 'the frame pointer is read-only');
  return 2 * instruction.dst;
}

/** The first word of the register that is read, or -1 for the immediate. */
function source({ opcode, src }: Instruction): number {
  return (opcode & FROM_REGISTER) !== 0 ? 2 * src : -1;
}

function targetAt(place: Place, distance: number): number {
  const target = place.slot + 1 + distance;
  if (target < 0 || target >= place.instructions.length) {
    throw failure(place, `it leads to the slot ${target}, out of the program`);
  }
  return target;
}

function refuse(reason: string): Operation {
  return () => {
    throw new Fault(reason);
  };
}

const SECOND_HALF = refuse('this is the second half of an instruction');

function failure({ slot }: Place, reason: string): XdpError {
  return new XdpError('XDP_ERR_INTERPRETER', `instruction ${slot}: ${reason}`);
}

function inverse<Name extends string>(entries: readonly (readonly [string, number])[]): ReadonlyMap<number, Name> {
  return new Map(entries.map(([name, code]) => [code, name as Name]));
}
