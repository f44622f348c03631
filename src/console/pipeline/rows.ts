/** Where values stand in the reports of IXDP. */
const VALUE_COLUMN = 24;

/** An indented row of a report: a label, and its value in the column that all values have. */
export function row(label: string, value: string | number, level: 1 | 2 = 1): string {
  return `${'  '.repeat(level)}${label}`.padEnd(VALUE_COLUMN - 1).concat(' ', String(value));
}

export const switched = (on: boolean): string => (on ? 'enabled' : 'disabled');

/** A probability and what it is in percent: `1000 (1.000%)`. @param whole the number that stands for always */
export function probability(value: number, whole: number): string {
  return `${value} (${((value / whole) * 100).toFixed(3)}%)`;
}

/** In 1/1000: what IXDP has for all interfaces. */
export const PER_THOUSAND = 1000;
/** In 1/100,000: what xdptap has for each interface. */
export const PER_100_000 = 100_000;
