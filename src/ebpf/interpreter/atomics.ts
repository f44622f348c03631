import type { AtomicOperation } from '../instruction.js';
import { word } from './loads.js';
import type { Machine, Operation } from './machine.js';
import { putWord } from './stores.js';

/** What becomes of the old value, on each half; addition carries from one to the other. */
const BITWISE = {
  or: (old: number, value: number) => old | value,
  and: (old: number, value: number) => old & value,
  xor: (old: number, value: number) => old ^ value,
} as const;

/**
 * An atomic operation (RFC 9669, section 5.3) on the 4 or 8 bytes at the pointer at `d` plus an offset, with the word pair
 * at `s`. Only one program runs here, so that nothing has to be done for it to be atomic.
 */
export function atomic(
  operation: AtomicOperation,
  wide: boolean,
  d: number,
  s: number,
  offset: number,
  next: number,
): Operation {
  if (operation === 'xchg') return (m) => exchange(m, wide, locate(m, wide, d, offset), s, next);
  if (operation === 'cmpxchg') return (m) => compareAndExchange(m, wide, locate(m, wide, d, offset), s, next);
  const fetch = operation.startsWith('fetch_');
  const name = operation.replace('fetch_', '');
  const combine = BITWISE[name as keyof typeof BITWISE] as (typeof BITWISE)['or'] | undefined;
  return (m) => {
    const w = m.words;
    const at = locate(m, wide, d, offset);
    const { bytes } = m.memory;
    const low = word(bytes, at);
    const high = wide ? word(bytes, at + 4) : 0;
    if (combine === undefined) {
      const sum = (low >>> 0) + (w[s]! >>> 0);
      putWord(bytes, at, sum);
      if (wide) putWord(bytes, at + 4, high + w[s + 1]! + (sum > 0xffff_ffff ? 1 : 0));
    } else {
      putWord(bytes, at, combine(low, w[s]!));
      if (wide) putWord(bytes, at + 4, combine(high, w[s + 1]!));
    }
    if (fetch) {
      w[s] = low;
      w[s + 1] = high;
    }
    return next;
  };
}

function locate(m: Machine, wide: boolean, d: number, offset: number): number {
  return m.memory.locate(m.words[d]!, m.words[d + 1]!, offset, wide ? 8 : 4);
}

function exchange(m: Machine, wide: boolean, at: number, s: number, next: number): number {
  const w = m.words;
  const { bytes } = m.memory;
  const low = word(bytes, at);
  const high = wide ? word(bytes, at + 4) : 0;
  putWord(bytes, at, w[s]!);
  if (wide) putWord(bytes, at + 4, w[s + 1]!);
  w[s] = low;
  w[s + 1] = high;
  return next;
}

/** R0, the first register, is what the old value is compared with, and becomes the old value. */
function compareAndExchange(m: Machine, wide: boolean, at: number, s: number, next: number): number {
  const w = m.words;
  const { bytes } = m.memory;
  const low = word(bytes, at);
  const high = wide ? word(bytes, at + 4) : 0;
  if (low === w[0] && (!wide || high === w[1])) {
    putWord(bytes, at, w[s]!);
    if (wide) putWord(bytes, at + 4, w[s + 1]!);
  }
  w[0] = low;
  w[1] = high;
  return next;
}
