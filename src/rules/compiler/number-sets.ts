import { type Numbers, type Range, toRanges } from '../model/index.js';

const known = new WeakMap<object, readonly Range[]>();

/** The ranges of a set. For the same list always the same array, so that the set is compiled once. */
export function rangesOf(numbers: Numbers): readonly Range[] {
  if (typeof numbers !== 'object') return toRanges(numbers);
  const before = known.get(numbers);
  if (before !== undefined) return before;
  const ranges = toRanges(numbers);
  known.set(numbers, ranges);
  return ranges;
}
