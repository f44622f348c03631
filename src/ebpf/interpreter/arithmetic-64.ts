import type { ArithmeticOperator } from '../instruction.js';
import type { Operation } from './machine.js';

/**
 * Makes an operation on the word pair at `d`, with the pair at `s`, or with an immediate where `s` is negative. The
 * immediate's halves are `low` and `high`. Then comes the slot `next`.
 */
export type ArithmeticBuilder = (d: number, s: number, low: number, high: number, next: number) => Operation;

/** Arithmetic of 64 bits (RFC 9669, section 4.1). */
export const ARITHMETIC_64: Readonly<Record<ArithmeticOperator, ArithmeticBuilder>> = {
  '+': (d, s, low, high, next) => (m) => {
    const w = m.words;
    const sum = (w[d]! >>> 0) + ((s < 0 ? low : w[s]!) >>> 0);
    w[d + 1] = w[d + 1]! + (s < 0 ? high : w[s + 1]!) + (sum > 0xffff_ffff ? 1 : 0);
    w[d] = sum | 0;
    return next;
  },
  '-': (d, s, low, high, next) => (m) => {
    const w = m.words;
    const difference = (w[d]! >>> 0) - ((s < 0 ? low : w[s]!) >>> 0);
    w[d + 1] = w[d + 1]! - (s < 0 ? high : w[s + 1]!) - (difference < 0 ? 1 : 0);
    w[d] = difference | 0;
    return next;
  },
  '*': (d, s, low, high, next) => {
    const immediate = quad(low, high);
    return (m) => {
      const q = m.quads;
      q[d >> 1] = q[d >> 1]! * (s < 0 ? immediate : q[s >> 1]!);
      return next;
    };
  },
  '/': (d, s, low, high, next) => (m) => {
    const w = m.words;
    const divisorLow = (s < 0 ? low : w[s]!) >>> 0;
    const divisorHigh = s < 0 ? high : w[s + 1]!;
    if ((divisorHigh | w[d + 1]!) === 0) {
      w[d] = divisorLow === 0 ? 0 : Math.floor((w[d]! >>> 0) / divisorLow);
    } else {
      const divisor = quad(divisorLow, divisorHigh);
      const q = m.quads;
      q[d >> 1] = divisor === 0n ? 0n : q[d >> 1]! / divisor;
    }
    return next;
  },
  's/': (d, s, low, high, next) => {
    const immediate = BigInt.asIntN(64, quad(low, high));
    return (m) => {
      const q = m.signedQuads;
      const divisor = s < 0 ? immediate : q[s >> 1]!;
      // The lowest number by -1 is too large by one, and becomes itself again in the register.
      q[d >> 1] = divisor === 0n ? 0n : q[d >> 1]! / divisor;
      return next;
    };
  },
  '%': (d, s, low, high, next) => (m) => {
    const w = m.words;
    const divisorLow = (s < 0 ? low : w[s]!) >>> 0;
    const divisorHigh = s < 0 ? high : w[s + 1]!;
    if ((divisorHigh | w[d + 1]!) === 0) {
      if (divisorLow !== 0) w[d] = (w[d]! >>> 0) % divisorLow;
    } else {
      const divisor = quad(divisorLow, divisorHigh);
      const q = m.quads;
      if (divisor !== 0n) q[d >> 1] = q[d >> 1]! % divisor;
    }
    return next;
  },
  's%': (d, s, low, high, next) => {
    const immediate = BigInt.asIntN(64, quad(low, high));
    return (m) => {
      const q = m.signedQuads;
      const divisor = s < 0 ? immediate : q[s >> 1]!;
      if (divisor !== 0n) q[d >> 1] = q[d >> 1]! % divisor;
      return next;
    };
  },
  '|': (d, s, low, high, next) => (m) => {
    const w = m.words;
    w[d]! |= s < 0 ? low : w[s]!;
    w[d + 1]! |= s < 0 ? high : w[s + 1]!;
    return next;
  },
  '&': (d, s, low, high, next) => (m) => {
    const w = m.words;
    w[d]! &= s < 0 ? low : w[s]!;
    w[d + 1]! &= s < 0 ? high : w[s + 1]!;
    return next;
  },
  '^': (d, s, low, high, next) => (m) => {
    const w = m.words;
    w[d]! ^= s < 0 ? low : w[s]!;
    w[d + 1]! ^= s < 0 ? high : w[s + 1]!;
    return next;
  },
  '<<': (d, s, low, _high, next) => (m) => {
    const w = m.words;
    const by = (s < 0 ? low : w[s]!) & 63;
    if (by >= 32) {
      w[d + 1] = w[d]! << by;
      w[d] = 0;
    } else if (by > 0) {
      w[d + 1] = (w[d + 1]! << by) | (w[d]! >>> (32 - by));
      w[d]! <<= by;
    }
    return next;
  },
  '>>': (d, s, low, _high, next) => (m) => {
    const w = m.words;
    const by = (s < 0 ? low : w[s]!) & 63;
    if (by >= 32) {
      w[d] = w[d + 1]! >>> by;
      w[d + 1] = 0;
    } else if (by > 0) {
      w[d] = (w[d]! >>> by) | (w[d + 1]! << (32 - by));
      w[d + 1] = w[d + 1]! >>> by;
    }
    return next;
  },
  's>>': (d, s, low, _high, next) => (m) => {
    const w = m.words;
    const by = (s < 0 ? low : w[s]!) & 63;
    if (by >= 32) {
      w[d] = w[d + 1]! >> by;
      w[d + 1]! >>= 31;
    } else if (by > 0) {
      w[d] = (w[d]! >>> by) | (w[d + 1]! << (32 - by));
      w[d + 1]! >>= by;
    }
    return next;
  },
};

export function negate64(d: number, next: number): Operation {
  return (m) => {
    const w = m.words;
    w[d + 1] = -w[d + 1]! - (w[d] === 0 ? 0 : 1);
    w[d] = -w[d]!;
    return next;
  };
}

/** A number of 64 bits from its halves, without sign. */
function quad(low: number, high: number): bigint {
  return (BigInt(high >>> 0) << 32n) | BigInt(low >>> 0);
}
