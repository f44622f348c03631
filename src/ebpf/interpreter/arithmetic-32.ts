import type { ArithmeticOperator } from '../instruction.js';
import type { ArithmeticBuilder } from './arithmetic-64.js';
import type { Operation } from './machine.js';

/** Arithmetic of 32 bits, which makes the upper half zero (RFC 9669, section 4.1). */
export const ARITHMETIC_32: Readonly<Record<ArithmeticOperator, ArithmeticBuilder>> = {
  '+': (d, s, low, _high, next) => (m) => {
    const w = m.words;
    w[d] = w[d]! + (s < 0 ? low : w[s]!);
    w[d + 1] = 0;
    return next;
  },
  '-': (d, s, low, _high, next) => (m) => {
    const w = m.words;
    w[d] = w[d]! - (s < 0 ? low : w[s]!);
    w[d + 1] = 0;
    return next;
  },
  '*': (d, s, low, _high, next) => (m) => {
    const w = m.words;
    w[d] = Math.imul(w[d]!, s < 0 ? low : w[s]!);
    w[d + 1] = 0;
    return next;
  },
  '/': (d, s, low, _high, next) => (m) => {
    const w = m.words;
    const divisor = (s < 0 ? low : w[s]!) >>> 0;
    w[d] = divisor === 0 ? 0 : Math.floor((w[d]! >>> 0) / divisor);
    w[d + 1] = 0;
    return next;
  },
  's/': (d, s, low, _high, next) => (m) => {
    const w = m.words;
    const divisor = s < 0 ? low : w[s]!;
    // The lowest number by -1 is too large by one, and becomes itself again in the word.
    w[d] = divisor === 0 ? 0 : Math.trunc(w[d]! / divisor);
    w[d + 1] = 0;
    return next;
  },
  '%': (d, s, low, _high, next) => (m) => {
    const w = m.words;
    const divisor = (s < 0 ? low : w[s]!) >>> 0;
    if (divisor !== 0) w[d] = (w[d]! >>> 0) % divisor;
    w[d + 1] = 0;
    return next;
  },
  's%': (d, s, low, _high, next) => (m) => {
    const w = m.words;
    const divisor = s < 0 ? low : w[s]!;
    if (divisor !== 0) w[d] = w[d]! % divisor;
    w[d + 1] = 0;
    return next;
  },
  '|': (d, s, low, _high, next) => (m) => {
    const w = m.words;
    w[d]! |= s < 0 ? low : w[s]!;
    w[d + 1] = 0;
    return next;
  },
  '&': (d, s, low, _high, next) => (m) => {
    const w = m.words;
    w[d]! &= s < 0 ? low : w[s]!;
    w[d + 1] = 0;
    return next;
  },
  '^': (d, s, low, _high, next) => (m) => {
    const w = m.words;
    w[d]! ^= s < 0 ? low : w[s]!;
    w[d + 1] = 0;
    return next;
  },
  // JavaScript takes the lowest five bits of a distance, as the instruction set does.
  '<<': (d, s, low, _high, next) => (m) => {
    const w = m.words;
    w[d]! <<= s < 0 ? low : w[s]!;
    w[d + 1] = 0;
    return next;
  },
  '>>': (d, s, low, _high, next) => (m) => {
    const w = m.words;
    w[d] = w[d]! >>> (s < 0 ? low : w[s]!);
    w[d + 1] = 0;
    return next;
  },
  's>>': (d, s, low, _high, next) => (m) => {
    const w = m.words;
    w[d]! >>= s < 0 ? low : w[s]!;
    w[d + 1] = 0;
    return next;
  },
};

export function negate32(d: number, next: number): Operation {
  return (m) => {
    const w = m.words;
    w[d] = -w[d]!;
    w[d + 1] = 0;
    return next;
  };
}
