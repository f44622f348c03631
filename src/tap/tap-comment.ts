import type { TapNames } from './tap-options.js';
import type { TapRecord } from './tap-record.js';

/**
 * What happened to a packet, in words: `dropped: drop set; corrupted`. Numbers without a name are told as numbers.
 * @returns undefined when nothing did
 */
export function tapComment(
  { drop, faults, argument }: Pick<TapRecord, 'drop' | 'faults' | 'argument'>,
  names: Pick<TapNames, 'drops' | 'faults'>,
): string | undefined {
  if (drop === 0 && faults === 0) return undefined;
  const parts: string[] = [];
  if (drop !== 0) parts.push(`dropped: ${names.drops[drop - 1] ?? `reason ${drop}`}`);
  for (let bit = 0; bit < 32; bit++) {
    if (((faults >>> bit) & 1) === 0) continue;
    parts.push((names.faults[bit] ?? `fault ${bit}`).replace('{}', String(argument)));
  }
  return parts.join('; ');
}
