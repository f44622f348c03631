import type { Range } from '../model/index.js';
import { testOf } from './formula.js';
import type { Formula } from './formula-node.js';
import { coversAll } from './merge-tests.js';
import { type Base, bytesKnown, type ClassSet } from './packet-classes.js';

/** Where a number stands in a packet, and which of its bits are meant: `>> shift & mask`. */
export interface Field {
  readonly base: Base;
  readonly offset: number;
  readonly size: 1 | 2 | 4;
  readonly shift?: number;
  /** Default: all bits. */
  readonly mask?: number;
}

/** The field is there, and in the set. */
export function fieldIn(classes: ClassSet, field: Field, ranges: readonly Range[]): Formula {
  const { base, offset, size, shift = 0 } = field;
  const mask = field.mask ?? 2 ** (8 * size) - 1;
  const known = bytesKnown(classes, base) >= offset + size;
  if (coversAll(ranges, mask)) return present(classes, base, offset + size);
  return testOf({ kind: 'field', base, offset, size, shift, mask, ranges, known });
}

export function fieldIs(classes: ClassSet, field: Field, value: number): Formula {
  return fieldIn(classes, field, [{ from: value, to: value }]);
}

/** The frame reaches to `end` bytes behind the base. */
export function present(classes: ClassSet, base: Base, end: number): Formula {
  if (bytesKnown(classes, base) >= end) return true;
  return testOf({ kind: 'present', base, offset: end, known: false });
}

/** The bytes at `offset` are there, and under the mask they are `value`. */
export function bytesAre(
  classes: ClassSet,
  base: Base,
  offset: number,
  value: Uint8Array,
  mask: Uint8Array = new Uint8Array(value.length).fill(255),
): Formula {
  if (mask.every((byte) => byte === 0)) return present(classes, base, offset + value.length);
  const known = bytesKnown(classes, base) >= offset + value.length;
  return testOf({ kind: 'bytes', base, offset, value, mask, known });
}
