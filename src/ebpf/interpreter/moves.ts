import type { Operation } from './machine.js';

/** `d = s`, or the immediate. */
export function move64(d: number, s: number, low: number, high: number, next: number): Operation {
  if (s < 0) {
    return (m) => {
      const w = m.words;
      w[d] = low;
      w[d + 1] = high;
      return next;
    };
  }
  return (m) => {
    const w = m.words;
    w[d] = w[s]!;
    w[d + 1] = w[s + 1]!;
    return next;
  };
}

/** `d = (u32)s`, or the immediate. */
export function move32(d: number, s: number, low: number, next: number): Operation {
  return (m) => {
    const w = m.words;
    w[d] = s < 0 ? low : w[s]!;
    w[d + 1] = 0;
    return next;
  };
}

/** Extends the sign of the lowest 8, 16 or 32 bits to bit 63. */
export function extend64(d: number, s: number, width: number, next: number): Operation {
  const by = 32 - width;
  return (m) => {
    const w = m.words;
    const value = (w[s]! << by) >> by;
    w[d] = value;
    w[d + 1] = value >> 31;
    return next;
  };
}

/** Extends the sign of the lowest 8 or 16 bits to bit 31. */
export function extend32(d: number, s: number, width: number, next: number): Operation {
  const by = 32 - width;
  return (m) => {
    const w = m.words;
    w[d] = (w[s]! << by) >> by;
    w[d + 1] = 0;
    return next;
  };
}

/** Keeps the lowest bits: what turning to little endian is on a little-endian machine. */
export function truncate(d: number, width: number, next: number): Operation {
  return (m) => {
    const w = m.words;
    if (width === 16) w[d]! &= 0xffff;
    if (width < 64) w[d + 1] = 0;
    return next;
  };
}

/** Turns the lowest bytes around: turning to big endian, and the unconditional swap. */
export function swap(d: number, width: number, next: number): Operation {
  return (m) => {
    const w = m.words;
    const low = swapped(w[d]!);
    if (width === 64) {
      w[d] = swapped(w[d + 1]!);
      w[d + 1] = low;
    } else {
      w[d] = width === 16 ? low >>> 16 : low;
      w[d + 1] = 0;
    }
    return next;
  };
}

function swapped(word: number): number {
  return (word << 24) | ((word << 8) & 0xff_0000) | ((word >>> 8) & 0xff00) | (word >>> 24);
}
