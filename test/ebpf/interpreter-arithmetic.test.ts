import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  type ArithmeticOperator,
  type Assembler,
  type AtomicOperation,
  type ByteOrder,
  type Condition,
  R0,
  R1,
  R2,
  R3,
  R10,
} from '../../dist/ebpf/index.js';
import { registersAfter } from './interpreting.js';

const u64 = (value: bigint): bigint => BigInt.asUintN(64, value);

/** What RFC 9669 says of each operator, on numbers of `bits` bits without sign. */
const OPERATORS: Readonly<Record<ArithmeticOperator, (a: bigint, b: bigint, bits: number) => bigint>> = {
  '+': (a, b) => a + b,
  '-': (a, b) => a - b,
  '*': (a, b) => a * b,
  '/': (a, b) => (b === 0n ? 0n : a / b),
  's/': (a, b, bits) => (b === 0n ? 0n : BigInt.asIntN(bits, a) / BigInt.asIntN(bits, b)),
  '%': (a, b) => (b === 0n ? a : a % b),
  's%': (a, b, bits) => (b === 0n ? a : BigInt.asIntN(bits, a) % BigInt.asIntN(bits, b)),
  '|': (a, b) => a | b,
  '&': (a, b) => a & b,
  '^': (a, b) => a ^ b,
  '<<': (a, b, bits) => a << (b & BigInt(bits - 1)),
  '>>': (a, b, bits) => a >> (b & BigInt(bits - 1)),
  's>>': (a, b, bits) => BigInt.asIntN(bits, a) >> (b & BigInt(bits - 1)),
};

const CONDITIONS: Readonly<Record<Condition, (a: bigint, b: bigint, bits: number) => boolean>> = {
  '==': (a, b) => a === b,
  '!=': (a, b) => a !== b,
  '&': (a, b) => (a & b) !== 0n,
  '>': (a, b) => a > b,
  '>=': (a, b) => a >= b,
  '<': (a, b) => a < b,
  '<=': (a, b) => a <= b,
  's>': (a, b, bits) => BigInt.asIntN(bits, a) > BigInt.asIntN(bits, b),
  's>=': (a, b, bits) => BigInt.asIntN(bits, a) >= BigInt.asIntN(bits, b),
  's<': (a, b, bits) => BigInt.asIntN(bits, a) < BigInt.asIntN(bits, b),
  's<=': (a, b, bits) => BigInt.asIntN(bits, a) <= BigInt.asIntN(bits, b),
};

const EDGES = [0, 1, 2, 8, 31, 32, 33, 63, 64].flatMap((bit) => [(1n << BigInt(bit)) - 1n, 1n << BigInt(bit)]).map(u64);
const quad = fc.oneof(
  fc.constantFrom(...EDGES, ...EDGES.map((value) => u64(-value))),
  fc.bigInt({ min: 0n, max: (1n << 64n) - 1n }),
);
const word = fc.oneof(
  fc.constantFrom(0, 1, -1, 31, 32, 0x7fff_ffff, -0x8000_0000),
  fc.integer({ min: -0x8000_0000, max: 0x7fff_ffff }),
);

function check(operator: string, write: (a: bigint, b: bigint) => [actual: bigint, expected: bigint]): void {
  fc.assert(
    fc.property(quad, quad, (a, b) => {
      const [actual, expected] = write(a, b);
      expect(actual, `${a} ${operator} ${b}`).toBe(expected);
    }),
    { numRuns: 150 },
  );
}

describe('arithmetic', () => {
  for (const [operator, model] of Object.entries(OPERATORS) as [ArithmeticOperator, (typeof OPERATORS)['+']][]) {
    it(`calculates ${operator} on 64 bits and on 32`, () => {
      check(operator, (a, b) => {
        const [actual] = registersAfter((p) => p.load64(R1, a).load64(R2, b).alu(operator, R1, R2), R1);
        return [actual!, u64(model(a, b, 64))];
      });
      check(`w${operator}`, (a, b) => {
        const [actual] = registersAfter((p) => p.load64(R1, a).load64(R2, b).alu32(operator, R1, R2), R1);
        const low = model(BigInt.asUintN(32, a), BigInt.asUintN(32, b), 32);
        return [actual!, BigInt.asUintN(32, low)];
      });
    });

    it(`calculates ${operator} with an immediate`, () => {
      fc.assert(
        fc.property(quad, word, (a, number) => {
          const isShift = /<<|>>/.test(operator);
          const wide = isShift ? number & 63 : number;
          const narrow = isShift ? number & 31 : number;
          const [first, second] = registersAfter(
            (p) => p.load64(R1, a).mov(R2, R1).alu(operator, R1, wide).alu32(operator, R2, narrow),
            R1,
            R2,
          );
          expect(first).toBe(u64(model(a, u64(BigInt(wide)), 64)));
          const low = model(BigInt.asUintN(32, a), BigInt.asUintN(32, BigInt(narrow)), 32);
          expect(second).toBe(BigInt.asUintN(32, low));
        }),
        { numRuns: 150 },
      );
    });
  }

  it('moves, negates, extends signs and turns bytes around', () => {
    const bytes = (value: bigint, width: number): bigint =>
      BigInt(
        `0x${Buffer.from(value.toString(16).padStart(16, '0'), 'hex')
          .subarray(8 - width / 8)
          .reverse()
          .toString('hex')}`,
      );
    const forms: readonly (readonly [string, (p: Assembler) => unknown, (a: bigint) => bigint])[] = [
      ['mov', (p) => p.mov(R2, R1), (a) => a],
      ['mov32', (p) => p.mov32(R2, R1), (a) => BigInt.asUintN(32, a)],
      ['neg', (p) => p.mov(R2, R1).neg(R2), (a) => u64(-a)],
      ['neg32', (p) => p.mov(R2, R1).neg32(R2), (a) => BigInt.asUintN(32, -a)],
      ...[8, 16, 32].map(
        (bits) =>
          [
            `s${bits}`,
            (p: Assembler) => p.movSigned(`s${bits}` as 's8', R2, R1),
            (a: bigint) => u64(BigInt.asIntN(bits, a)),
          ] as const,
      ),
      ...[8, 16].map(
        (bits) =>
          [
            `w s${bits}`,
            (p: Assembler) => p.movSigned32(`s${bits}` as 's8', R2, R1),
            (a: bigint) => BigInt.asUintN(32, BigInt.asIntN(bits, a)),
          ] as const,
      ),
      ...[16, 32, 64].flatMap((bits) =>
        ['le', 'be', 'bswap'].map(
          (order) =>
            [
              `${order}${bits}`,
              (p: Assembler) => p.mov(R2, R1).byteOrder(`${order}${bits}` as ByteOrder, R2),
              (a: bigint) => (order === 'le' ? BigInt.asUintN(bits, a) : bytes(a, bits)),
            ] as const,
        ),
      ),
    ];
    for (const [name, write, model] of forms) {
      check(name, (a) => [registersAfter((p) => write(p.load64(R1, a)), R2)[0]!, model(a)]);
    }
  });

  it('extends the sign of immediates', () => {
    expect(registersAfter((p) => p.mov(R1, -2).mov32(R2, -2), R1, R2)).toEqual([u64(-2n), 0xffff_fffen]);
  });
});

describe('jumps', () => {
  for (const [condition, model] of Object.entries(CONDITIONS) as [Condition, (typeof CONDITIONS)['==']][]) {
    it(`compares with ${condition}`, () => {
      fc.assert(
        fc.property(quad, quad, word, fc.boolean(), (a, other, number, same) => {
          const b = same ? a : other;
          const taken = registersAfter((p) => {
            p.load64(R1, a).load64(R2, b).mov(R3, 0);
            p.jump(condition, R1, R2, 'a').alu('|', R3, 1).label('a');
            p.jump32(condition, R1, R2, 'b').alu('|', R3, 2).label('b');
            p.jump(condition, R1, number, 'c').alu('|', R3, 4).label('c');
            p.jump32(condition, R1, number, 'd').alu('|', R3, 8).label('d');
          }, R3)[0]!;
          const low = (value: bigint): bigint => BigInt.asUintN(32, value);
          const immediate = u64(BigInt(number));
          expect([1n, 2n, 4n, 8n].map((bit) => (taken & bit) === 0n)).toEqual([
            model(a, b, 64),
            model(low(a), low(b), 32),
            model(a, immediate, 64),
            model(low(a), low(immediate), 32),
          ]);
        }),
        { numRuns: 150 },
      );
    });
  }
});

describe('memory', () => {
  it('stores and loads every size, little end first', () => {
    fc.assert(
      fc.property(quad, fc.constantFrom(8, 16, 32, 64), fc.integer({ min: 0, max: 8 }), (value, bits, offset) => {
        const size = `u${bits}` as 'u8';
        const [whole, narrow, signed] = registersAfter(
          (p) => {
            p.load64(R1, value).store('u64', R10, -24, -1).store('u64', R10, -16, -1);
            p.store(size, R10, -24 + offset, R1);
            p.load(size, R2, R10, -24 + offset);
            if (bits < 64) p.load(`s${bits}` as 's8', R3, R10, -24 + offset);
            else p.mov(R3, R1);
            p.load('u64', R1, R10, -24);
          },
          R1,
          R2,
          R3,
        );
        expect(narrow).toBe(BigInt.asUintN(bits, value));
        expect(signed).toBe(u64(BigInt.asIntN(bits, value)));
        const all = (1n << 128n) - 1n;
        const shift = BigInt(8 * offset);
        const mask = ((1n << BigInt(bits)) - 1n) << shift;
        expect(whole).toBe(u64((all & ~mask) | (BigInt.asUintN(bits, value) << shift)));
      }),
    );
  });

  it('stores immediates with their sign', () => {
    const [value] = registersAfter(
      (p) => p.store('u64', R10, -8, -2).store('u8', R10, -8, 200).load('u64', R1, R10, -8),
      R1,
    );
    expect(value).toBe(0xffff_ffff_ffff_ffc8n);
  });

  const ATOMICS: Readonly<Record<AtomicOperation, (old: bigint, value: bigint, r0: bigint) => bigint>> = {
    add: (old, value) => old + value,
    or: (old, value) => old | value,
    and: (old, value) => old & value,
    xor: (old, value) => old ^ value,
    fetch_add: (old, value) => old + value,
    fetch_or: (old, value) => old | value,
    fetch_and: (old, value) => old & value,
    fetch_xor: (old, value) => old ^ value,
    xchg: (_old, value) => value,
    cmpxchg: (old, value, r0) => (old === r0 ? value : old),
  };
  for (const [operation, model] of Object.entries(ATOMICS) as [AtomicOperation, (typeof ATOMICS)['add']][]) {
    it(`does ${operation} atomically, with 64 bits and with 32`, () => {
      fc.assert(
        fc.property(quad, quad, quad, fc.boolean(), fc.constantFrom(32, 64), (old, value, other, equal, bits) => {
          const r0 = equal ? old : other;
          const [memory, source, result] = registersAfter(
            (p) =>
              p
                .load64(R1, old)
                .store('u64', R10, -8, R1)
                .load64(R1, value)
                .load64(R0, r0)
                .atomic(operation, `u${bits}` as 'u32', R10, -8, R1)
                .load('u64', R2, R10, -8),
            R2,
            R1,
            R0,
          );
          const low = (number: bigint): bigint => BigInt.asUintN(bits, number);
          const kept = (old >> BigInt(bits)) << BigInt(bits);
          expect(memory).toBe(u64(kept | low(model(low(old), low(value), low(r0)))));
          expect(source).toBe(/fetch|^xchg/.test(operation) ? low(old) : value);
          expect(result).toBe(operation === 'cmpxchg' ? low(old) : r0);
        }),
        { numRuns: 100 },
      );
    });
  }

  it('loads and stores with an order', () => {
    const [byte, whole] = registersAfter(
      (p) =>
        p
          .load64(R1, 0x0102_0304_0506_0708n)
          .storeRelease('u64', R10, -8, R1)
          .storeRelease('u8', R10, -7, R1)
          .loadAcquire('u8', R2, R10, -8)
          .loadAcquire('u64', R3, R10, -8),
      R2,
      R3,
    );
    expect([byte, whole]).toEqual([8n, 0x0102_0304_0506_0808n]);
  });
});
