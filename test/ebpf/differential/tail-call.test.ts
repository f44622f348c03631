import { afterAll, beforeAll, expect, it } from 'vitest';
import {
  Assembler,
  Helper,
  Interpreter,
  InterpreterArray,
  InterpreterProgram,
  InterpreterProgramArray,
  link,
  R0,
  R2,
  R3,
  R6,
  R7,
} from '../../../dist/ebpf/index.js';
import { BpfMap, Btf, TestRun, u32, XdpProgram } from '../../../dist/kernel/index.js';

/** A program with its functions' slots, which the kernel wants to know of (BTF) where functions make tail calls. */
function withFunction(): Assembler {
  return new Assembler()
    .mov(R6, 100)
    .callLocal('onward')
    .alu('+', R0, R6)
    .exit()
    .label('onward')
    .map(R2, 'programs')
    .mov(R3, 1)
    .call(Helper.tailCall)
    .mov(R0, 7)
    .exit();
}

/** Calls itself until it may no more, and counts how often. */
function again(): Assembler {
  return new Assembler()
    .mapValue(R6, 'count')
    .mov(R7, 1)
    .atomic('add', 'u64', R6, 0, R7)
    .map(R2, 'programs')
    .mov(R3, 2)
    .call(Helper.tailCall)
    .mov(R0, 3)
    .exit();
}

const PACKET = new Uint8Array(64);
const maps: BpfMap[] = [];
const programs: XdpProgram[] = [];
let btf: Btf;
let array: BpfMap;
let count: BpfMap;
let fds: Record<string, number>;

beforeAll(() => {
  array = new BpfMap({ kind: 'programArray', name: 'programs', maxEntries: 4 });
  count = new BpfMap({ kind: 'array', name: 'count', valueSize: 8, maxEntries: 1 });
  maps.push(array, count);
  fds = { programs: array.fd, count: count.fd };
  btf = new Btf(typesOfTwoFunctions());
});
afterAll(() => {
  for (const open of [...programs, ...maps, btf]) open.close();
});

const load = (code: Assembler, functions?: readonly number[]): XdpProgram => {
  const records = functions && { size: 8, records: new Uint8Array(Uint32Array.from(functions).buffer) };
  const program = new XdpProgram({
    name: 'xdpkit_tail',
    instructions: link(code.assemble(), fds),
    btf: records && { fd: btf.fd, functions: records },
  });
  programs.push(program);
  return program;
};

it('comes back from a tail call in a function to its caller', () => {
  const ours = new InterpreterProgramArray();
  const interpreter = new Interpreter(new InterpreterProgram(withFunction().assemble(), { programs: ours }));
  const target = new Assembler().mov(R6, 0).mov(R0, 20).exit();
  const first = load(withFunction(), [0, 3, 4, 4]);
  const run = new TestRun(first);
  expect([run.run(PACKET).action, interpreter.run(PACKET).action]).toEqual([107, 107]);
  array.update(u32(1), u32(load(target).fd));
  ours.set(1, new InterpreterProgram(target.assemble()));
  expect([run.run(PACKET).action, interpreter.run(PACKET).action]).toEqual([120, 120]);
});

it('makes as many tail calls as the kernel does', () => {
  const ourPrograms = new InterpreterProgramArray();
  const ourCount = new InterpreterArray({ valueSize: 8, maxEntries: 1 });
  const program = new InterpreterProgram(again().assemble(), { programs: ourPrograms, count: ourCount });
  ourPrograms.set(2, program);
  const first = load(again());
  array.update(u32(2), u32(first.fd));
  const actions = [new TestRun(first).run(PACKET).action, new Interpreter(program).run(PACKET).action];
  expect(actions).toEqual([3, 3]);
  expect(ourCount.lookup(u32(0))).toEqual(count.lookup(u32(0)));
  // A program that is in the array it names would keep itself alive.
  array.delete(u32(2));
});

/** BTF of two static functions that take nothing and return an int, as types 3 and 4. */
function typesOfTwoFunctions(): Uint8Array {
  const strings = Buffer.from('\0int\0main\0onward\0', 'ascii');
  const kind = { int: 1, func: 12, funcProto: 13 };
  // struct btf_type: name, kind in the upper byte, size or type; behind an int its encoding (signed) and bits.
  const types = Uint32Array.from([
    ...[1, kind.int << 24, 4, (1 << 24) | 32],
    ...[0, kind.funcProto << 24, 1],
    ...[5, kind.func << 24, 2],
    ...[10, kind.func << 24, 2],
  ]);
  const header = Buffer.alloc(24);
  header.writeUInt16LE(0xeb9f, 0);
  header.writeUInt8(1, 2);
  header.writeUInt32LE(header.length, 4);
  header.writeUInt32LE(types.byteLength, 12);
  header.writeUInt32LE(types.byteLength, 16);
  header.writeUInt32LE(strings.length, 20);
  return Buffer.concat([header, new Uint8Array(types.buffer), strings]);
}
