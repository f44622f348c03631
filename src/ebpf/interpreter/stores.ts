import type { Size } from '../instruction.js';
import type { Operation } from './machine.js';

/** Makes a store to the pointer at `d` plus an offset, of the word pair at `s`, or of an immediate where `s` is negative. */
type StoreBuilder = (d: number, s: number, low: number, high: number, offset: number, next: number) => Operation;

/** Stores of every size. */
export const STORES: Readonly<Record<Size, StoreBuilder>> = {
  u8: (d, s, low, _high, offset, next) => (m) => {
    const w = m.words;
    const at = m.memory.locate(w[d]!, w[d + 1]!, offset, 1);
    m.memory.bytes[at] = s < 0 ? low : w[s]!;
    return next;
  },
  u16: (d, s, low, _high, offset, next) => (m) => {
    const w = m.words;
    const at = m.memory.locate(w[d]!, w[d + 1]!, offset, 2);
    const { bytes } = m.memory;
    const value = s < 0 ? low : w[s]!;
    bytes[at] = value;
    bytes[at + 1] = value >>> 8;
    return next;
  },
  u32: (d, s, low, _high, offset, next) => (m) => {
    const w = m.words;
    const at = m.memory.locate(w[d]!, w[d + 1]!, offset, 4);
    putWord(m.memory.bytes, at, s < 0 ? low : w[s]!);
    return next;
  },
  u64: (d, s, low, high, offset, next) => (m) => {
    const w = m.words;
    const at = m.memory.locate(w[d]!, w[d + 1]!, offset, 8);
    const { bytes } = m.memory;
    putWord(bytes, at, s < 0 ? low : w[s]!);
    putWord(bytes, at + 4, s < 0 ? high : w[s + 1]!);
    return next;
  },
};

export function putWord(bytes: Uint8Array, at: number, value: number): void {
  bytes[at] = value;
  bytes[at + 1] = value >>> 8;
  bytes[at + 2] = value >>> 16;
  bytes[at + 3] = value >>> 24;
}
