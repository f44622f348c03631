import type { Condition } from '../instruction.js';
import type { Operation } from './machine.js';

/**
 * Makes a jump to the slot `target` where the word pair at `d` compares with the pair at `s`, or, where `s` is negative, with
 * the immediate of the halves `low` and `high`; otherwise `next` comes.
 */
export type JumpBuilder = (d: number, s: number, low: number, high: number, target: number, next: number) => Operation;

/** Whether the number of these halves is less than the other, without sign. */
function below(low: number, high: number, otherLow: number, otherHigh: number): boolean {
  return high === otherHigh ? low >>> 0 < otherLow >>> 0 : high >>> 0 < otherHigh >>> 0;
}

/** The same with sign. */
function less(low: number, high: number, otherLow: number, otherHigh: number): boolean {
  return high === otherHigh ? low >>> 0 < otherLow >>> 0 : high < otherHigh;
}

/** Jumps on all 64 bits (RFC 9669, section 4.3). */
export const JUMPS_64: Readonly<Record<Condition, JumpBuilder>> = {
  '==': (d, s, low, high, target, next) => (m) => {
    const w = m.words;
    return w[d] === (s < 0 ? low : w[s]) && w[d + 1] === (s < 0 ? high : w[s + 1]) ? target : next;
  },
  '!=': (d, s, low, high, target, next) => (m) => {
    const w = m.words;
    return w[d] !== (s < 0 ? low : w[s]) || w[d + 1] !== (s < 0 ? high : w[s + 1]) ? target : next;
  },
  '&': (d, s, low, high, target, next) => (m) => {
    const w = m.words;
    return (w[d]! & (s < 0 ? low : w[s]!)) !== 0 || (w[d + 1]! & (s < 0 ? high : w[s + 1]!)) !== 0 ? target : next;
  },
  '>': (d, s, low, high, target, next) => (m) => {
    const w = m.words;
    return below(s < 0 ? low : w[s]!, s < 0 ? high : w[s + 1]!, w[d]!, w[d + 1]!) ? target : next;
  },
  '>=': (d, s, low, high, target, next) => (m) => {
    const w = m.words;
    return below(w[d]!, w[d + 1]!, s < 0 ? low : w[s]!, s < 0 ? high : w[s + 1]!) ? next : target;
  },
  '<': (d, s, low, high, target, next) => (m) => {
    const w = m.words;
    return below(w[d]!, w[d + 1]!, s < 0 ? low : w[s]!, s < 0 ? high : w[s + 1]!) ? target : next;
  },
  '<=': (d, s, low, high, target, next) => (m) => {
    const w = m.words;
    return below(s < 0 ? low : w[s]!, s < 0 ? high : w[s + 1]!, w[d]!, w[d + 1]!) ? next : target;
  },
  's>': (d, s, low, high, target, next) => (m) => {
    const w = m.words;
    return less(s < 0 ? low : w[s]!, s < 0 ? high : w[s + 1]!, w[d]!, w[d + 1]!) ? target : next;
  },
  's>=': (d, s, low, high, target, next) => (m) => {
    const w = m.words;
    return less(w[d]!, w[d + 1]!, s < 0 ? low : w[s]!, s < 0 ? high : w[s + 1]!) ? next : target;
  },
  's<': (d, s, low, high, target, next) => (m) => {
    const w = m.words;
    return less(w[d]!, w[d + 1]!, s < 0 ? low : w[s]!, s < 0 ? high : w[s + 1]!) ? target : next;
  },
  's<=': (d, s, low, high, target, next) => (m) => {
    const w = m.words;
    return less(s < 0 ? low : w[s]!, s < 0 ? high : w[s + 1]!, w[d]!, w[d + 1]!) ? next : target;
  },
};

/** Jumps on the lower 32 bits. */
export const JUMPS_32: Readonly<Record<Condition, JumpBuilder>> = {
  '==': (d, s, low, _high, target, next) => (m) => (m.words[d] === (s < 0 ? low : m.words[s]) ? target : next),
  '!=': (d, s, low, _high, target, next) => (m) => (m.words[d] !== (s < 0 ? low : m.words[s]) ? target : next),
  '&': (d, s, low, _high, target, next) => (m) => (m.words[d]! & (s < 0 ? low : m.words[s]!) ? target : next),
  '>': (d, s, low, _high, target, next) => (m) =>
    m.words[d]! >>> 0 > (s < 0 ? low : m.words[s]!) >>> 0 ? target : next,
  '>=': (d, s, low, _high, target, next) => (m) =>
    m.words[d]! >>> 0 >= (s < 0 ? low : m.words[s]!) >>> 0 ? target : next,
  '<': (d, s, low, _high, target, next) => (m) =>
    m.words[d]! >>> 0 < (s < 0 ? low : m.words[s]!) >>> 0 ? target : next,
  '<=': (d, s, low, _high, target, next) => (m) =>
    m.words[d]! >>> 0 <= (s < 0 ? low : m.words[s]!) >>> 0 ? target : next,
  's>': (d, s, low, _high, target, next) => (m) => (m.words[d]! > (s < 0 ? low : m.words[s]!) ? target : next),
  's>=': (d, s, low, _high, target, next) => (m) => (m.words[d]! >= (s < 0 ? low : m.words[s]!) ? target : next),
  's<': (d, s, low, _high, target, next) => (m) => (m.words[d]! < (s < 0 ? low : m.words[s]!) ? target : next),
  's<=': (d, s, low, _high, target, next) => (m) => (m.words[d]! <= (s < 0 ? low : m.words[s]!) ? target : next),
};
