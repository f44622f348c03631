import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  Assembler,
  decode,
  disassemble,
  encode,
  Helper,
  link,
  R0,
  R1,
  R2,
  R3,
  R6,
  R10,
  REGISTERS,
  type Register,
  XdpAction,
  XdpContext,
} from '../../dist/ebpf/index.js';
import { assembleText, needLlvm } from './objdump.js';

/** What is written, and what LLVM calls it; `new` what LLVM 14 does not know. */
const FORMS: readonly [(a: Assembler) => Assembler, string, 'new'?][] = [
  [(a) => a.mov(R1, 2), 'r1 = 2'],
  [(a) => a.mov(R1, -2), 'r1 = -2'],
  [(a) => a.mov(R1, R2), 'r1 = r2'],
  [(a) => a.mov32(R1, 0xffff_ffff), 'w1 = -1'],
  [(a) => a.mov32(R1, R10), 'w1 = w10'],
  [(a) => a.movSigned('s8', R1, R2), 'r1 = (s8)r2', 'new'],
  [(a) => a.movSigned('s32', R1, R2), 'r1 = (s32)r2', 'new'],
  [(a) => a.movSigned32('s16', R1, R2), 'w1 = (s16)w2', 'new'],
  [(a) => a.alu('+', R1, 4), 'r1 += 4'],
  [(a) => a.alu('-', R1, R2), 'r1 -= r2'],
  [(a) => a.alu('*', R1, -4), 'r1 *= -4'],
  [(a) => a.alu('/', R1, 4), 'r1 /= 4'],
  [(a) => a.alu('s/', R1, 4), 'r1 s/= 4', 'new'],
  [(a) => a.alu('s/', R1, R2), 'r1 s/= r2', 'new'],
  [(a) => a.alu('|', R1, 4), 'r1 |= 4'],
  [(a) => a.alu('&', R1, -0x8000_0000), 'r1 &= -2147483648'],
  [(a) => a.alu('<<', R1, 63), 'r1 <<= 63'],
  [(a) => a.alu('>>', R1, R2), 'r1 >>= r2'],
  [(a) => a.alu('s>>', R1, 32), 'r1 s>>= 32'],
  [(a) => a.alu32('^', R1, 0xc0a8_0001), 'w1 ^= -1062731775'],
  [(a) => a.alu32('s>>', R1, R2), 'w1 s>>= w2'],
  [(a) => a.alu32('s%', R1, 3), 'w1 s%= 3', 'new'],
  [(a) => a.alu32('+', R1, R2), 'w1 += w2'],
  [(a) => a.neg(R1), 'r1 = -r1'],
  [(a) => a.neg32(R1), 'w1 = -w1'],
  [(a) => a.byteOrder('be16', R1), 'r1 = be16 r1'],
  [(a) => a.byteOrder('be64', R1), 'r1 = be64 r1'],
  [(a) => a.byteOrder('le32', R1), 'r1 = le32 r1'],
  [(a) => a.byteOrder('bswap64', R1), 'r1 = bswap64 r1', 'new'],
  [(a) => a.load('u8', R1, R2), 'r1 = *(u8 *)(r2 + 0)'],
  [(a) => a.load('u64', R1, R2, -32768), 'r1 = *(u64 *)(r2 - 32768)'],
  [(a) => a.load('s16', R1, R2, 8), 'r1 = *(s16 *)(r2 + 8)', 'new'],
  [(a) => a.store('u64', R10, -8, R2), '*(u64 *)(r10 - 8) = r2'],
  [(a) => a.store('u16', R10, -8, 0xffff), '*(u16 *)(r10 - 8) = 65535', 'new'],
  [(a) => a.store('u32', R10, -8, 0xffff_ffff), '*(u32 *)(r10 - 8) = -1', 'new'],
  [(a) => a.atomic('add', 'u64', R1, 8, R2), 'lock *(u64 *)(r1 + 8) += r2'],
  [(a) => a.atomic('or', 'u32', R1, 8, R2), 'lock *(u32 *)(r1 + 8) |= w2'],
  [(a) => a.atomic('and', 'u64', R1, 8, R2), 'lock *(u64 *)(r1 + 8) &= r2'],
  [(a) => a.atomic('xor', 'u64', R1, 8, R2), 'lock *(u64 *)(r1 + 8) ^= r2'],
  [(a) => a.atomic('fetch_add', 'u64', R1, 8, R2), 'r2 = atomic_fetch_add((u64 *)(r1 + 8), r2)'],
  [(a) => a.atomic('fetch_xor', 'u32', R1, 8, R2), 'w2 = atomic_fetch_xor((u32 *)(r1 + 8), w2)'],
  [(a) => a.atomic('fetch_or', 'u64', R1, 8, R2), 'r2 = atomic_fetch_or((u64 *)(r1 + 8), r2)'],
  [(a) => a.atomic('fetch_and', 'u64', R1, 8, R2), 'r2 = atomic_fetch_and((u64 *)(r1 + 8), r2)'],
  [(a) => a.atomic('xchg', 'u64', R1, -8, R2), 'r2 = xchg_64(r1 - 8, r2)'],
  [(a) => a.atomic('cmpxchg', 'u32', R1, -8, R2), 'w0 = cmpxchg32_32(r1 - 8, w0, w2)'],
  [(a) => a.loadAcquire('u8', R1, R2, 3), 'w1 = load_acquire((u8 *)(r2 + 3))', 'new'],
  [(a) => a.loadAcquire('u64', R1, R2), 'r1 = load_acquire((u64 *)(r2 + 0))', 'new'],
  [(a) => a.storeRelease('u32', R10, -4, R2), 'store_release((u32 *)(r10 - 4), w2)', 'new'],
  [(a) => a.mayGoto('end'), 'may_goto ', 'new'],
  [(a) => a.load64(R1, 0xdead_beef_0000_0001n), 'r1 = -2401053092612145151 ll'],
  [(a) => a.load64(R1, Number.MIN_SAFE_INTEGER), 'r1 = -9007199254740991 ll'],
  [(a) => a.map(R1, 'm'), 'ld_pseudo r1, 1, 7', 'new'],
  [(a) => a.mapValue(R1, 'm', 16), 'ld_pseudo r1, 2, 7, 16', 'new'],
  [(a) => a.jump('==', R1, 0x0800, 'end'), 'if r1 == 2048 goto '],
  [(a) => a.jump('!=', R1, R2, 'end'), 'if r1 != r2 goto '],
  [(a) => a.jump('>', R1, R2, 'end'), 'if r1 > r2 goto '],
  [(a) => a.jump('>=', R1, -1, 'end'), 'if r1 >= -1 goto '],
  [(a) => a.jump('<', R1, R2, 'end'), 'if r1 < r2 goto '],
  [(a) => a.jump('<=', R1, R2, 'end'), 'if r1 <= r2 goto '],
  [(a) => a.jump('s>', R1, R2, 'end'), 'if r1 s> r2 goto '],
  [(a) => a.jump('s>=', R1, R2, 'end'), 'if r1 s>= r2 goto '],
  [(a) => a.jump('s<', R1, R2, 'end'), 'if r1 s< r2 goto '],
  [(a) => a.jump('s<=', R1, R2, 'end'), 'if r1 s<= r2 goto '],
  [(a) => a.jump('&', R1, 4, 'end'), 'if r1 & 4 goto ', 'new'],
  [(a) => a.jump32('==', R1, 0xc0a8_0001, 'end'), 'if w1 == -1062731775 goto '],
  [(a) => a.jump32('s<', R1, R2, 'end'), 'if w1 s< w2 goto '],
  [(a) => a.goto('end'), 'goto '],
  [(a) => a.gotoLong('end'), 'gotol ', 'new'],
  [(a) => a.call(Helper.redirectMap), 'call 51'],
  [(a) => a.exit(), 'exit'],
];

const assembled = (write: (a: Assembler) => unknown): Uint8Array => {
  const a = new Assembler();
  write(a);
  return link(a.assemble(), { m: 7 }, { kernel_function: 4711 });
};
const refusal = (text: string): object =>
  expect.objectContaining({ code: 'XDP_ERR_ASSEMBLER', message: expect.stringContaining(text) });

describe('Assembler', () => {
  it('writes the bytes RFC 9669 says', () => {
    const bytes = assembled((a) =>
      a
        .load('u32', R2, R1, XdpContext.rxQueueIndex)
        .map(R1, 'm')
        .mov(R3, XdpAction.pass)
        .call(Helper.redirectMap)
        .exit(),
    );
    expect(Buffer.from(bytes).toString('hex')).toBe(
      '6112100000000000' +
        '18110000070000000000000000000000' +
        'b703000002000000' +
        '8500000033000000' +
        '9500000000000000',
    );
  });

  it.for(FORMS.map(([write, text]) => [text, write] as const))('writes %s', ([text, write]) => {
    const [first] = disassemble(assembled((a) => write(a).mov(R0, 0).label('end').exit()));
    expect(first!.text).toBe(text.endsWith('goto ') || text === 'gotol ' ? `${text}+1` : text);
  });

  it('writes the bytes llvm-mc writes', (context) => {
    needLlvm(context);
    // llvm-mc 14 cannot read the function-like atomics it prints.
    const known = FORMS.filter(([, text, age]) => age !== 'new' && !/atomic_fetch|xchg/.test(text));
    const ours = assembled((a) => {
      for (const [write] of known) write(a);
      a.label('end').exit();
    });
    const slots = disassemble(ours);
    const end = slots.at(-1)!.index;
    const theirs = known.map(([, text], i) => (text.endsWith('goto ') ? `${text}+${end - slots[i]!.index - 1}` : text));
    expect(assembleText([...theirs, 'exit'])).toEqual(ours);
  });

  it('calls subprograms and kernel functions', () => {
    const bytes = assembled((a) =>
      a.callLocal('sub').callKernel('kernel_function').exit().label('sub').mov(R0, 0).exit(),
    );
    const instructions = decode(bytes);
    expect(instructions[0]).toEqual({ opcode: 0x85, dst: 0, src: 1, offset: 0, immediate: 2 });
    expect(instructions[1]).toEqual({ opcode: 0x85, dst: 0, src: 2, offset: 0, immediate: 4711 });
  });

  it('gives labels nobody has', () => {
    const a = new Assembler();
    const names = Array.from({ length: 100 }, () => a.fresh('x'));
    expect(new Set(names).size).toBe(100);
  });

  it('assembles twice, and can be written on in between', () => {
    const a = new Assembler().goto('end').label('end').exit();
    const first = a.assemble();
    a.mov(R0, 1).exit();
    expect(first.instructions).toHaveLength(2);
    expect(a.assemble().instructions.slice(0, 2)).toEqual(first.instructions);
    expect(a.assemble().instructions).toHaveLength(4);
  });

  it.for<[string, (a: Assembler) => unknown]>([
    ['instruction 1: there is no label "nowhere"', (a) => a.exit().goto('nowhere').exit()],
    ['instruction 1: the label "twice" is there already', (a) => a.label('twice').exit().label('twice')],
    ['instruction 0: no instruction follows the label "end"', (a) => a.goto('end').label('end')],
    ['instruction 0: there is no register "r11"', (a) => a.mov('r11' as Register, 1)],
    ['instruction 0: there is no register "r11"', (a) => a.mov(R1, 'r11' as Register)],
    ['instruction 0: there is no size "u128"', (a) => a.load('u128' as 'u64', R1, R2)],
    ['instruction 0: there is no size "s32"', (a) => a.movSigned32('s32' as 's16', R1, R2)],
    ['instruction 0: there is no byte order "be8"', (a) => a.byteOrder('be8' as 'be16', R1)],
    ['instruction 0: there is no atomic operation "sub"', (a) => a.atomic('sub' as 'add', 'u64', R1, 0, R2)],
    ['instruction 0: there is no operator "**"', (a) => a.alu('**' as '*', R1, R2)],
    ['instruction 0: there is no condition "==="', (a) => a.jump('===' as '==', R1, R2, 'x')],
    ['instruction 0: there is no size of an atomic operation "u8"', (a) => a.atomic('add', 'u8' as 'u32', R1, 0, R2)],
    ['instruction 0: 2147483648 does not fit in a signed immediate', (a) => a.mov(R1, 0x8000_0000)],
    ['instruction 0: 4294967296 does not fit in 32 bits', (a) => a.mov32(R1, 2 ** 32)],
    ['instruction 0: 1.5 does not fit', (a) => a.alu('+', R1, 1.5)],
    ['instruction 0: NaN does not fit', (a) => a.jump('==', R1, Number.NaN, 'x')],
    ['instruction 0: 256 does not fit in 8 bits', (a) => a.store('u8', R1, 0, 256)],
    ['instruction 0: the offset 32768 does not fit', (a) => a.load('u8', R1, R2, 32768)],
    ['instruction 0: 32 is no distance to shift 32 bits by', (a) => a.alu32('<<', R1, 32)],
    ['instruction 0: 18446744073709551616 does not fit in 64 bits', (a) => a.load64(R1, 1n << 64n)],
    ['instruction 0: 9007199254740992 is no safe integer', (a) => a.load64(R1, 2 ** 53)],
    ['instruction 0: nothing was given for the map "other"', (a) => a.map(R1, 'other').exit()],
    ['instruction 0: nothing was given for the map "toString"', (a) => a.map(R1, 'toString').exit()],
    ['instruction 0: nothing was given for the kernel function "none"', (a) => a.callKernel('none').exit()],
    ['there are no instructions', () => undefined],
  ])('refuses: %s', ([text, write]) => {
    expect(() => assembled(write)).toThrow(refusal(text));
  });

  it('refuses a descriptor that is none', () => {
    const program = new Assembler().map(R1, 'm').exit().assemble();
    expect(() => link(program, { m: -1 })).toThrow(refusal('-1 cannot stand for the map "m"'));
  });

  it('reaches 32767 slots with a plain jump and any number with a long one', () => {
    const far = (slots: number, long: boolean): Assembler => {
      const a = new Assembler();
      if (long) a.gotoLong('end');
      else a.goto('end');
      for (let i = 0; i < slots; i++) a.mov(R0, i);
      return a.label('end').exit();
    };
    expect(far(32_767, false).assemble().instructions[0]!.offset).toBe(32_767);
    expect(() => far(32_768, false).assemble()).toThrow(refusal('instruction 0: the label "end" is 32768'));
    expect(far(100_000, true).assemble().instructions[0]!.immediate).toBe(100_000);
  });

  it('resolves every label, forward and backward, over instructions of one and two slots', () => {
    const step = fc.record({ kind: fc.integer({ min: 0, max: 4 }), label: fc.nat(19) });
    fc.assert(
      fc.property(
        fc.array(step, { maxLength: 60 }),
        fc.array(fc.nat(60), { minLength: 20, maxLength: 20 }),
        (steps, places) => {
          const a = new Assembler();
          const expected: { index: number; label: string; field: 'offset' | 'immediate' }[] = [];
          const slots = new Map<string, number>();
          for (const [i, { kind, label }] of [...steps, { kind: 4, label: 0 }].entries()) {
            for (const [number, place] of places.entries()) {
              if (Math.min(place, steps.length) !== i) continue;
              a.label(`l${number}`);
              slots.set(`l${number}`, a.index);
            }
            const name = `l${label}`;
            if (kind < 3) expected.push({ index: a.index, label: name, field: kind === 2 ? 'immediate' : 'offset' });
            if (kind === 0) a.jump('>', R1, R6, name);
            else if (kind === 1) a.goto(name);
            else if (kind === 2) a.gotoLong(name);
            else if (kind === 3) a.load64(R1, 1n << 40n);
            else a.exit();
          }
          const { instructions, labels } = a.assemble();
          expect(labels).toEqual(slots);
          for (const { index, label, field } of expected) {
            expect(index + 1 + instructions[index]![field]).toBe(slots.get(label));
          }
        },
      ),
    );
  });

  it('encodes and decodes without loss', () => {
    const instruction = fc.record({
      opcode: fc.nat(255),
      dst: fc.nat(15),
      src: fc.nat(15),
      offset: fc.integer({ min: -0x8000, max: 0x7fff }),
      immediate: fc.integer({ min: -0x8000_0000, max: 0x7fff_ffff }),
    });
    fc.assert(
      fc.property(fc.array(instruction), (instructions) => {
        const bytes = encode(instructions);
        expect(decode(bytes)).toEqual(instructions);
        expect(encode(decode(bytes))).toEqual(bytes);
      }),
    );
  });

  it('keeps the value of any load of 64 bits', () => {
    fc.assert(
      fc.property(
        fc.bigInt({ min: -(1n << 63n), max: (1n << 64n) - 1n }),
        fc.constantFrom(...REGISTERS),
        (value, dst) => {
          const [line] = disassemble(assembled((a) => a.load64(dst, value)));
          expect(line!.text).toBe(`${dst} = ${BigInt.asIntN(64, value)} ll`);
        },
      ),
    );
  });
});
