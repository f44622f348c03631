import {
  type ArithmeticOperator,
  type AtomicOperation,
  type ByteOrder,
  type Condition,
  R0,
  R1,
  R10,
  type Register,
  type SignedSize,
  type Size,
} from '../../../dist/ebpf/index.js';
import { ARGUMENTS, type Draft } from './draft.js';

/** Writes something that leaves numbers everywhere. */
export type Block = (draft: Draft) => void;

const OPERATORS: readonly ArithmeticOperator[] = ['+', '-', '*', '/', 's/', '%', 's%', '|', '&', '^'];
const SHIFTS: readonly ArithmeticOperator[] = ['<<', '>>', 's>>'];
const ORDERS: readonly ByteOrder[] = [16, 32, 64].flatMap((width) => [
  `le${width}`,
  `be${width}`,
  `bswap${width}`,
]) as ByteOrder[];
const CONDITIONS: readonly Condition[] = ['==', '!=', '&', '>', '>=', '<', '<=', 's>', 's>=', 's<', 's<='];
const SIZES = { u8: 1, u16: 2, u32: 4, u64: 8 } as const;
const SIGNED_SIZES = { s8: 1, s16: 2, s32: 4 } as const;
const ALL_SIZES = { ...SIZES, ...SIGNED_SIZES };
const ATOMICS: readonly AtomicOperation[] = [
  'add',
  'or',
  'and',
  'xor',
  'fetch_add',
  'fetch_or',
  'fetch_and',
  'fetch_xor',
  'xchg',
  'cmpxchg',
];

/** Arithmetic of both widths. */
export const arithmetic: Block = (d) => {
  const { random, code } = d;
  const whole = random.chance(0.5);
  const dst = d.scalar();
  let value = d.operand();
  const operator = random.pick(random.chance(0.25) ? SHIFTS : OPERATORS);
  if (typeof value === 'number') {
    if (SHIFTS.includes(operator)) value = random.below(whole ? 64 : 32);
    else if (/[/%]/.test(operator) && value === 0) value = 3;
  }
  if (whole) code.alu(operator, dst, value);
  else code.alu32(operator, dst, value);
};

/** Copies, sign extensions, negations, byte orders, constants. */
const move: Block = (d) => {
  const { random, code } = d;
  const dst = d.scalar();
  const write = random.pick<() => unknown>([
    () => code.mov(dst, d.operand()),
    () => code.mov32(dst, d.operand()),
    () => code.movSigned(random.pick(['s8', 's16', 's32'] as const), dst, d.scalar()),
    () => code.movSigned32(random.pick(['s8', 's16'] as const), dst, d.scalar()),
    () => code.neg(dst),
    () => code.neg32(dst),
    () => code.byteOrder(random.pick(ORDERS), dst),
    () => code.load64(dst, random.quad()),
  ]);
  write();
};

function sizeOf(size: Size | SignedSize): number {
  return ALL_SIZES[size];
}

function anySize(d: Draft): Size {
  return d.random.pick(Object.keys(SIZES) as Size[]);
}

/** A load of any size, or a store of a register or a number, at an offset that a place of that many bytes has. */
export function access(d: Draft, base: Register, offsetFor: (size: number) => number): void {
  const { random, code } = d;
  if (random.chance(0.5)) {
    const size = random.pick(Object.keys(ALL_SIZES) as (Size | SignedSize)[]);
    code.load(size, d.scalar(), base, offsetFor(sizeOf(size)));
    return;
  }
  const size = anySize(d);
  const offset = offsetFor(sizeOf(size));
  code.store(size, base, offset, random.chance(0.5) ? d.scalar() : immediateFor(d, size));
}

function immediateFor({ random }: Draft, size: Size): number {
  if (size === 'u8') return random.between(-128, 255);
  return size === 'u16' ? random.between(-32768, 65535) : random.immediate();
}

/** An atomic operation, or an ordered load or store, at an offset that is a multiple of its size. */
export function atomicAccess(d: Draft, base: Register, offsetFor: (size: number) => number): void {
  const { random, code } = d;
  if (random.chance(0.3)) {
    const size = anySize(d);
    const offset = offsetFor(sizeOf(size));
    if (random.chance(0.5)) code.loadAcquire(size, d.scalar(), base, offset);
    else code.storeRelease(size, base, offset, d.scalar());
    return;
  }
  const size = random.pick(['u32', 'u64'] as const);
  const operations = d.live.includes(R0) ? ATOMICS : ATOMICS.filter((operation) => operation !== 'cmpxchg');
  const operation = random.pick(operations);
  const offset = offsetFor(sizeOf(size));
  if (operation === 'cmpxchg' && random.chance(0.5)) code.load(size, R0, base, offset);
  code.atomic(operation, size, base, offset, d.scalar());
}

const stack: Block = (d) => {
  const place = (size: number): number => d.place(size);
  if (d.random.chance(0.75)) access(d, R10, place);
  else atomicAccess(d, R10, place);
};

/** A condition of either width on numbers. */
function jump(d: Draft, label: string): void {
  const { random, code } = d;
  const condition = random.pick(CONDITIONS);
  if (random.chance(0.5)) code.jump(condition, d.scalar(), d.operand(), label);
  else code.jump32(condition, d.scalar(), d.operand(), label);
}

/** Blocks that need nothing and have no branches: for the bodies of loops. */
const STRAIGHT: readonly (readonly [number, Block])[] = [
  [6, arithmetic],
  [3, move],
  [4, stack],
];

function straight(d: Draft, count: number): void {
  for (let i = 0; i < count; i++) d.random.weighted(STRAIGHT)(d);
}

/** if, with or without else; the way around is a goto of either kind, or the end of the function. */
function branch(inner: Block): Block {
  return (d) => {
    const { random, code } = d;
    if (d.budget.branches === 0 || d.depth > 3) return arithmetic(d);
    d.budget.branches--;
    d.depth++;
    const end = d.label('end');
    const other = d.label('else');
    const hasElse = random.chance(0.5);
    jump(d, hasElse ? other : end);
    inner(d);
    const way = random.below(40);
    if (way === 0) code.mov(R0, d.scalar()).exit();
    if (hasElse) {
      if (way > 20) code.goto(end);
      else if (way > 0) code.gotoLong(end);
      code.label(other);
      inner(d);
    }
    code.label(end);
    d.depth--;
  };
}

/** A loop whose end the verifier sees, or that may_goto would end. */
const loop: Block = (d) => {
  const { random, code } = d;
  if (d.budget.branches < 2 || d.depth > 0) return straight(d, 3);
  d.budget.branches -= 2;
  const [counter] = d.scalars(1) as [Register];
  const again = d.label('again');
  const end = d.label('end');
  code.mov(counter, random.between(1, 5));
  d.without([counter], () => {
    code.label(again);
    if (random.chance(0.5)) code.mayGoto(end);
    straight(d, random.between(1, 4));
    code.alu('-', counter, 1).jump(random.pick(['!=', 's>', '>'] as const), counter, 0, again);
    code.label(end);
  });
};

/** A call of a subprogram, with a pointer to a slot and four numbers for arguments. */
const callLocal: Block = (d) => {
  const { random, code } = d;
  if (d.callees.length === 0 || d.depth > 1) return arithmetic(d);
  code.mov(R1, R10).alu('+', R1, d.slot());
  code.callLocal(random.pick(d.callees));
  d.without(ARGUMENTS, () => undefined);
};

/** What any function may be made of. `inner` writes what stands in branches. */
export function plainBlocks(inner: Block): readonly (readonly [number, Block])[] {
  return [...STRAIGHT, [3, branch(inner)], [1, loop], [1, callLocal]];
}
