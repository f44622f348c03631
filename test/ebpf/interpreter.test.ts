import { describe, expect, it } from 'vitest';
import {
  Assembler,
  encode,
  Helper,
  Interpreter,
  InterpreterArray,
  InterpreterHash,
  InterpreterProgram,
  InterpreterProgramArray,
  InterpreterRingBuffer,
  link,
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
  XdpContext,
} from '../../dist/ebpf/index.js';
import { counted, programOf, registersAfter, run } from './interpreting.js';

const fault = (text: string): object =>
  expect.objectContaining({ code: 'XDP_ERR_INTERPRETER', message: expect.stringContaining(text) });

describe('what the verifier would not have let a program do', () => {
  const packet = (a: Assembler): Assembler => a.load('u32', R2, R1, XdpContext.data);
  const values = new InterpreterHash({ keySize: 4, valueSize: 6, maxEntries: 2 });
  values.update(counted(4), new Uint8Array(6));
  const missing = new InterpreterHash({ keySize: 4, valueSize: 8, maxEntries: 2 });
  const array = new InterpreterArray({ valueSize: 8, maxEntries: 2 });
  const ring = new InterpreterRingBuffer(4096);
  const lookup = (a: Assembler, map: string): Assembler =>
    a.store('u32', R10, -4, 0x0302_0100).map(R1, map).mov(R2, R10).alu('+', R2, -4).call(Helper.mapLookupElem);

  it.for<[string, (a: Assembler) => unknown]>([
    [
      'instruction 1 (r0 = *(u8 *)(r2 + 64)): 1 byte at offset 64 of the packet, which goes from 0 to 64',
      (a) => packet(a).load('u8', R0, R2, 64),
    ],
    ['4 bytes at offset 61 of the packet', (a) => packet(a).load('u32', R0, R2, 61)],
    ['1 byte at offset -1 of the packet', (a) => packet(a).load('u8', R0, R2, -1)],
    ['8 bytes at offset 57 of the packet', (a) => packet(a).store('u64', R2, 57, 0)],
    ['4 bytes at offset 1073741824 of the packet', (a) => packet(a).alu('+', R2, 1073741824).load('u32', R0, R2)],
    ['4 bytes at offset -1073741824 of the packet', (a) => packet(a).alu('-', R2, 1073741824).load('u32', R0, R2)],
    ['8 bytes at offset -520 of the stack, which goes from -512 to 0', (a) => a.store('u64', R10, -520, 0)],
    ['1 byte at offset 0 of the stack', (a) => a.load('u8', R0, R10)],
    ['4 bytes at offset -2 of the stack', (a) => a.atomic('add', 'u32', R10, -2, R10)],
    [
      '4 bytes at offset 3 of a value of a map, which goes from 0 to 6',
      (a) => lookup(a, 'values').load('u32', R0, R0, 3),
    ],
    ['1 byte at 0x0 + 0, which is no pointer', (a) => lookup(a, 'missing').load('u8', R0, R0)],
    ['1 byte at 0x1234 - 4, which is no pointer', (a) => a.mov(R2, 0x1234).load('u8', R0, R2, -4)],
    ["8 bytes of map values, which programs don't read directly", (a) => a.map(R1, 'values').load('u64', R0, R1)],
    ['the context has no field at offset 24', (a) => a.load('u32', R0, R1, 24)],
    ['1 byte at offset 0 of the context, whose fields are loaded whole', (a) => a.load('u8', R0, R1)],
    ['4 bytes at offset 16 of the context', (a) => a.store('u32', R1, 16, 1)],
    ['pointers of the context have no sign to extend', (a) => a.load('s32', R0, R1, 0)],
    ['0xbf00000080000000 is no map', (a) => a.mov(R2, R10).call(Helper.mapLookupElem)],
    ['R1 is no map to redirect by', (a) => a.map(R1, 'values').mov(R2, 0).mov(R3, 0).call(Helper.redirectMap)],
    ['R2 is no program array', (a) => a.map(R2, 'values').mov(R3, 0).call(Helper.tailCall)],
    ['R1 is no ring buffer', (a) => a.map(R1, 'values').mov(R2, 8).mov(R3, 0).call(Helper.ringbufReserve)],
    ['R1 is no queue or stack', (a) => a.map(R1, 'values').mov(R2, R10).call(Helper.mapPopElem)],
    ['R1 is no record of a ring buffer', (a) => a.mov(R1, R10).mov(R2, 0).call(Helper.ringbufSubmit)],
    [
      '1 byte of a record of a ring buffer, at a place that is no longer there',
      (a) =>
        a
          .map(R1, 'ring')
          .mov(R2, 8)
          .mov(R3, 0)
          .call(Helper.ringbufReserve)
          .mov(R6, R0)
          .mov(R1, R0)
          .mov(R2, 0)
          .call(Helper.ringbufSubmit)
          .store('u8', R6, 0, 1),
    ],
    [
      '8 bytes of the stack, at a place that is no longer there',
      (a) => a.callLocal('sub').load('u64', R0, R0).exit().label('sub').mov(R0, R10).alu('+', R0, -8),
    ],
    ['more than 8 functions call each other', (a) => a.label('again').callLocal('again')],
    ['the program is not over after 1000 instructions', (a) => a.label('again').goto('again')],
    [
      '4 bytes at offset -2 of the stack',
      (a) => a.map(R1, 'values').mov(R2, R10).alu('+', R2, -2).call(Helper.mapLookupElem),
    ],
    [
      '3 bytes at offset -2 of the stack',
      (a) => a.mov(R2, 0).mov(R3, R10).alu('+', R3, -2).mov(R4, 3).call(Helper.xdpLoadBytes),
    ],
  ])('stops it: %s', ([text, write]) => {
    const maps = { values, missing, array, ring };
    expect(() =>
      run(
        (a) => {
          write(a);
          a.exit();
        },
        { maps, stepLimit: 1000 },
      ),
    ).toThrow(fault(text));
  });

  it.for<[string, (a: Assembler) => unknown]>([
    ['instruction 0: the frame pointer is read-only', (a) => a.mov(R10, R1)],
    ['instruction 0: the helper fib_lookup is not interpreted', (a) => a.call(Helper.fibLookup)],
    ['instruction 1: the helper 9999 is not interpreted', (a) => a.mov(R1, 0).call(9999)],
    ['instruction 0: kernel functions are not interpreted', (a) => a.callKernel('bpf_xdp_metadata_rx_hash')],
    ['instruction 2: nothing was given for the map "other"', (a) => a.map(R1, 'values').map(R2, 'other')],
    ['instruction 0: map missing has no value that can be pointed to', (a) => a.mapValue(R1, 'missing')],
  ])('does not take it at all: %s', ([text, write]) => {
    expect(() =>
      programOf(
        (a) => {
          write(a);
          a.exit();
        },
        { values, missing },
      ),
    ).toThrow(fault(text));
  });

  it('does not take instructions that do not exist', () => {
    const exit = { opcode: 0x95, dst: 0, src: 0, offset: 0, immediate: 0 };
    const program = (opcode: number, src = 0, offset = 0, immediate = 0): Uint8Array =>
      encode([{ opcode, dst: 0, src, offset, immediate }, exit]);
    expect(() => new InterpreterProgram(program(0xff))).toThrow(fault('there is no such instruction'));
    expect(() => new InterpreterProgram(program(0x05, 0, 1))).toThrow(
      fault('it leads to the slot 2, out of the program'),
    );
    expect(() => new InterpreterProgram(program(0x05, 0, -2))).toThrow(fault('it leads to the slot -1'));
    expect(() => new InterpreterProgram(program(0x18, 4))).toThrow(fault('there is no such instruction'));
    expect(() => new InterpreterProgram(program(0x28))).toThrow(fault('XDP has no packet access of this kind'));
    expect(() => new InterpreterProgram(program(0xbf, 1, 1, 1))).toThrow(fault('arenas are not interpreted'));
    expect(() => new InterpreterProgram(program(0xb7).subarray(0, 8))).not.toThrow();
    expect(() => new Interpreter(new InterpreterProgram(program(0xb7).subarray(0, 8))).run(counted(64))).toThrow(
      fault('instruction 1 (): the program has come to its end without an exit'),
    );
  });
});

describe('functions', () => {
  it('have registers and a stack of their own', () => {
    const saved: Register[] = [R6, R7, R8];
    const result = registersAfter(
      (a) => {
        for (const [i, register] of saved.entries()) a.mov(register, i + 1);
        a.store('u64', R10, -8, 77).mov(R1, R10).alu('+', R1, -8).mov(R2, 5).callLocal('sub').mov(R1, R0);
        a.load('u64', R2, R10, -8).goto('end');
        a.label('sub').load('u64', R0, R1).alu('+', R0, R2).store('u64', R1, 0, 78).store('u64', R10, -8, 79);
        for (const register of saved) a.mov(register, 0);
        a.load('u64', R3, R10, -16).alu('+', R0, R3).exit();
        a.label('end');
      },
      R1,
      R2,
      ...saved,
    );
    expect(result).toEqual([82n, 78n, 1n, 2n, 3n]);
  });

  it('find zeros on their stack, whatever an earlier call left there', () => {
    const [sum] = registersAfter(
      (a) =>
        a
          .callLocal('sub')
          .mov(R6, R0)
          .callLocal('sub')
          .alu('+', R6, R0)
          .goto('end')
          .label('sub')
          .load('u64', R0, R10, -8)
          .store('u64', R10, -8, 5)
          .exit()
          .label('end'),
      R6,
    );
    expect(sum).toBe(0n);
  });

  it('may call each other eight deep', () => {
    const result = run((a) => {
      a.mov(R0, 0).callLocal('f1').exit();
      for (let i = 1; i <= 7; i++) {
        a.label(`f${i}`);
        if (i < 7) a.callLocal(`f${i + 1}`);
        else a.mov(R0, 0);
        a.alu('+', R0, 1).exit();
      }
    });
    expect(result.action).toBe(7);
  });

  it('lose R1 to R5 in calls', () => {
    const lost = registersAfter((a) => a.mov(R1, 1).mov(R5, 1).call(Helper.getSmpProcessorId), R1, R5);
    expect(lost).not.toContain(1n);
  });
});

describe('tail calls', () => {
  it('go on in the other program, with the context and a new stack', () => {
    const programs = new InterpreterProgramArray();
    programs.set(
      1,
      programOf((a) =>
        a.load('u32', R0, R1, XdpContext.ingressIfindex).load('u64', R2, R10, -8).alu('+', R0, R2).exit(),
      ),
    );
    const write =
      (index: number) =>
      (a: Assembler): unknown =>
        a
          .store('u64', R10, -8, 100)
          .mov(R6, R1)
          .map(R2, 'programs')
          .mov(R3, index)
          .call(Helper.tailCall)
          .mov(R0, 50)
          .exit();
    const options = { maps: { programs }, arrival: { ingressIfindex: 9 } };
    expect(run(write(1), options).action).toBe(9);
    expect(run(write(0), options).action).toBe(50);
    expect(run(write(7), options).action).toBe(50);
  });

  it('happen at most 33 times', () => {
    const programs = new InterpreterProgramArray();
    const counter = new InterpreterArray({ valueSize: 8, maxEntries: 1 });
    const program = programOf(
      (a) =>
        a
          .mapValue(R6, 'counter')
          .mov(R7, 1)
          .atomic('add', 'u64', R6, 0, R7)
          .map(R2, 'programs')
          .mov(R3, 0)
          .call(Helper.tailCall)
          .mov(R0, 3)
          .exit(),
      { programs, counter },
    );
    programs.set(0, program);
    expect(new Interpreter(program).run(counted(64)).action).toBe(3);
    expect(counter.lookup(new Uint8Array(4))![0]).toBe(34);
  });

  it('in a function come back to its caller', () => {
    const programs = new InterpreterProgramArray();
    programs.set(
      0,
      programOf((a) => a.mov(R6, 0).mov(R0, 20).exit()),
    );
    const result = run(
      (a) =>
        a
          .mov(R6, 3)
          .callLocal('sub')
          .alu('+', R0, R6)
          .exit()
          .label('sub')
          .map(R2, 'programs')
          .mov(R3, 0)
          .call(Helper.tailCall)
          .mov(R0, 1)
          .exit(),
      { maps: { programs } },
    );
    expect(result.action).toBe(23);
  });
});

describe('Interpreter', () => {
  it('takes linked bytes, with maps by their descriptors', () => {
    const map = new InterpreterArray({ valueSize: 8, maxEntries: 1 });
    const a = new Assembler().mapValue(R9, 'm', 4).store('u32', R9, 0, 6).map(R1, 'm').mov(R0, 1).exit();
    const program = new InterpreterProgram(link(a.assemble(), { m: 12 }), { 12: map });
    expect(new Interpreter(program).run(counted(14)).action).toBe(1);
    expect([...map.lookup(new Uint8Array(4))!]).toEqual([0, 0, 0, 0, 6, 0, 0, 0]);
  });

  it('gives the verdict, the steps and the packet', () => {
    const result = run((a) => a.load('u32', R2, R1, 0).store('u16', R2, 2, 0xabcd).mov32(R0, 0xffff_fffe).exit());
    expect(result).toMatchObject({ action: 0xffff_fffe, redirect: undefined, steps: 4 });
    expect([...result.packet.subarray(0, 5)]).toEqual([0, 1, 0xcd, 0xab, 4]);
    expect(result.packet).toHaveLength(64);
    expect(result.metadata).toHaveLength(0);
  });

  it('leaves the packet it is given as it was, and nothing for the next one', () => {
    const program = programOf((a) =>
      a
        .mov(R6, R1)
        .mov(R2, -16)
        .call(Helper.xdpAdjustHead)
        .load('u32', R2, R6, 0)
        .load('u64', R0, R2, 0)
        .store('u64', R2, 0, -1)
        .store('u64', R2, 16, -1)
        .exit(),
    );
    const interpreter = new Interpreter(program);
    const packet = counted(20);
    for (let i = 0; i < 3; i++) expect(interpreter.run(packet).action).toBe(0);
    expect(packet).toEqual(counted(20));
  });

  it('shows what came with the packet', () => {
    const all = [XdpContext.ingressIfindex, XdpContext.rxQueueIndex, XdpContext.egressIfindex];
    const read = (a: Assembler): unknown => {
      a.mov(R0, 0);
      for (const field of all) a.alu('*', R0, 100).load('u32', R2, R1, field).alu('+', R0, R2);
      return a.exit();
    };
    expect(run(read).action).toBe(10_000);
    expect(run(read, { arrival: { ingressIfindex: 7, rxQueueIndex: 3, egressIfindex: 9 } }).action).toBe(70_309);
  });

  it('asks for time, chance and CPU', () => {
    const both = (a: Assembler): unknown =>
      a
        .call(Helper.ktimeGetNs)
        .mov(R6, R0)
        .call(Helper.getPrandomU32)
        .alu('+', R6, R0)
        .call(Helper.getSmpProcessorId)
        .alu('+', R0, R6)
        .exit();
    expect(run(both).action).toBe(0);
    expect(run(both, { clock: () => 1_000_000n, random: () => 500, cpu: 3 }).action).toBe(1_000_503);
    const [now] = registersAfter((a) => a.call(Helper.ktimeGetNs), R0);
    expect(now).toBe(0n);
  });

  it('tells the path that was taken', () => {
    const path: number[] = [];
    run((a) => a.load64(R1, 5).jump('==', R1, 5, 'end').mov(R0, 1).label('end').mov(R0, 2).exit(), {
      onStep: (slot) => path.push(slot),
    });
    expect(path).toEqual([0, 2, 4, 5]);
  });

  it('lets may_goto go on for a while, and then takes it', () => {
    const endless = (a: Assembler): unknown =>
      a.mov(R0, 0).label('again').mayGoto('end').goto('again').label('end').exit();
    expect(run(endless, { stepLimit: 100_000_000 }).action).toBe(0);
  });

  it('refuses packets that are none', () => {
    const program = programOf((a) => a.mov(R0, 2).exit());
    expect(() => new Interpreter(program).run(counted(13))).toThrow(RangeError);
    expect(() => new Interpreter(program).run(counted(14), { metadata: counted(6) })).toThrow(RangeError);
    expect(() => new Interpreter(program).run(counted(14), { metadata: counted(220) })).toThrow(RangeError);
    expect(new Interpreter(program).run(counted(9000)).packet).toEqual(counted(9000));
  });
});
