export type OneOrMore<T> = T | readonly T[];

/** A number, or a range with both ends in it: `"8000-8099"`. In texts numbers may be hexadecimal: `"0x8000"`. */
export type NumberRange = number | string;

/** One of these numbers. Ranges may overlap, and stand in any order. */
export type Numbers = OneOrMore<NumberRange>;

/** Both ends are in it. */
export interface Range {
  readonly from: number;
  readonly to: number;
}

const TEXT = /^(0x[0-9a-f]+|\d+)(?:-(0x[0-9a-f]+|\d+))?$/i;

/** The range that is meant. @returns undefined for a text that is none, a fraction, or ends before its beginning */
export function parseRange(entry: unknown): Range | undefined {
  if (typeof entry === 'number') return Number.isSafeInteger(entry) ? { from: entry, to: entry } : undefined;
  const [, first, last] = (typeof entry === 'string' && TEXT.exec(entry)) || [];
  if (first === undefined) return undefined;
  const range = { from: Number(first), to: Number(last ?? first) };
  return range.from <= range.to ? range : undefined;
}

/** As short as it can be written. */
export function rangeText({ from, to }: Range): NumberRange {
  return from === to ? from : `${from}-${to}`;
}

/** The numbers as ranges in ascending order, with a gap between one and the next. They have been validated. */
export function toRanges(numbers: Numbers): Range[] {
  const sorted = toList(numbers)
    .map((entry) => parseRange(entry)!)
    .sort((a, b) => a.from - b.from || a.to - b.to);
  const merged: Range[] = [];
  for (const range of sorted) {
    const last = merged.at(-1);
    if (last === undefined || range.from > last.to + 1) merged.push(range);
    else if (range.to > last.to) merged[merged.length - 1] = { from: last.from, to: range.to };
  }
  return merged;
}

/** The entries of what may be one or a list. */
export function toList<T>(value: OneOrMore<T>): readonly T[] {
  return Array.isArray(value) ? value : [value as T];
}
