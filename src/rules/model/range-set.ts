/** Whole numbers as ranges in ascending order, both ends in them, with a gap between one and the next. */
export type RangeSet = readonly BigRange[];

export interface BigRange {
  readonly from: bigint;
  readonly to: bigint;
}

/** All that is in one of the ranges, which may overlap. */
export function union(ranges: readonly BigRange[]): RangeSet {
  const merged: BigRange[] = [];
  for (const range of ranges.toSorted((a, b) => (a.from < b.from ? -1 : a.from > b.from ? 1 : 0))) {
    const last = merged.at(-1);
    if (last === undefined || range.from > last.to + 1n) merged.push(range);
    else if (range.to > last.to) merged[merged.length - 1] = { from: last.from, to: range.to };
  }
  return merged;
}

/** What is in both. */
export function intersection(a: RangeSet, b: RangeSet): RangeSet {
  const both: BigRange[] = [];
  for (let i = 0, j = 0; i < a.length && j < b.length; ) {
    const [left, right] = [a[i]!, b[j]!];
    const last = left.to < right.to ? left : right;
    const { from } = left.from > right.from ? left : right;
    if (from <= last.to) both.push({ from, to: last.to });
    if (last === left) i++;
    else j++;
  }
  return both;
}

/** Whether all of `a` is in `b`. */
export function isSubset(a: RangeSet, b: RangeSet): boolean {
  return a.every((range) => {
    // The last range of b that begins no later.
    let [low, high] = [0, b.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if (b[middle]!.from <= range.from) low = middle + 1;
      else high = middle;
    }
    return low > 0 && range.to <= b[low - 1]!.to;
  });
}

export function isDisjoint(a: RangeSet, b: RangeSet): boolean {
  return intersection(a, b).length === 0;
}
