import { readFileSync } from 'node:fs';

let cpus: number | undefined;

/** How many CPUs the kernel could ever have: what sizes the values of per-CPU maps. */
export function possibleCpus(): number {
  cpus ??= countCpus(readFileSync('/sys/devices/system/cpu/possible', 'ascii'));
  return cpus;
}

/** How many CPUs a list as the kernel writes it has: `0-3` 4, `0,2-5` 5. */
function countCpus(list: string): number {
  return list
    .trim()
    .split(',')
    .map((range) => range.split('-').map(Number))
    .reduce((sum, [first = 0, last = first]) => sum + last - first + 1, 0);
}

/** Bytes from one CPU's value to the next: the kernel rounds up to 8 (kernel/bpf/arraymap.c, hashtab.c). */
export const perCpuStride = (valueSize: number): number => Math.ceil(valueSize / 8) * 8;
