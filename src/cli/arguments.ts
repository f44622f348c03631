import { InvalidArgumentError } from 'commander';

/** Parsers for values on the command line. What they throw, commander prints with the option's name. */

export function wholeNumber(low: number, high: number): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (!/^\d+$/.test(text) || value < low || value > high) {
      throw new InvalidArgumentError(`It must be a whole number from ${low} to ${high}.`);
    }
    return value;
  };
}

/** What a run may be called: it becomes the name of files. */
export function runName(text: string): string {
  if (/^[\w.-]{1,32}$/.test(text)) return text;
  throw new InvalidArgumentError('It must be 1 to 32 of A-Z a-z 0-9 _ . and -.');
}

/** A list of processors as the kernel writes it: `0,2-3`. */
export function processors(text: string): number[] {
  const cpus = text.split(',').flatMap((part) => {
    const range = /^(\d+)(?:-(\d+))?$/.exec(part);
    const first = Number(range?.[1]);
    const last = Number(range?.[2] ?? first);
    if (range === null || last < first || last > 8191) {
      throw new InvalidArgumentError('It must be a list of processors, such as 0,2-3.');
    }
    return Array.from({ length: last - first + 1 }, (_, i) => first + i);
  });
  return [...new Set(cpus)];
}

const UNITS: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000 };

/** A time such as `10`, `1.5s`, `500ms`, `2m` or `1h`; without a unit it is seconds. @returns milliseconds */
export function duration(text: string): number {
  const match = /^(\d+(?:\.\d+)?)(ms|s|m|h)?$/.exec(text);
  const value = Number(match?.[1]) * UNITS[match?.[2] ?? 's']!;
  // setInterval and setTimeout take no more than 2^31 - 1 milliseconds.
  if (!(value >= 1 && value <= 0x7fff_ffff)) {
    throw new InvalidArgumentError('It must be a time above 0, such as 10, 1.5s, 500ms or 2m (up to 24 days).');
  }
  return value;
}

const SIZES: Readonly<Record<string, number>> = { '': 1, k: 1e3, M: 1e6, G: 1e9 };

/** A size such as `500000`, `500k`, `10M` or `1G`. @returns bytes */
export function size(text: string): number {
  const match = /^(\d+(?:\.\d+)?)([kMG]?)$/.exec(text);
  const value = Math.round(Number(match?.[1]) * SIZES[match?.[2] ?? '']!);
  if (!(value >= 1 && value <= 2 ** 52)) {
    throw new InvalidArgumentError('It must be a size in bytes, such as 500000, 500k, 10M or 1G.');
  }
  return value;
}
