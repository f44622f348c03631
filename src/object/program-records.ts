import type { ProgramRecords } from '../kernel/index.js';
import type { RecordTable } from './btf-extension.js';
import { SLOT } from './functions.js';
import { objectError } from './object-error.js';
import type { Piece } from './program-linker.js';

/**
 * The records about a linked program, with the places its functions have there.
 *
 * @param unit what places are counted in: slots for functions and lines, bytes for CO-RE relocations
 * @returns undefined when there are none
 */
export function recordsOf(
  { size, sections }: RecordTable,
  pieces: readonly Piece[],
  unit: 'slots' | 'bytes',
): ProgramRecords | undefined {
  const scale = unit === 'slots' ? SLOT : 1;
  const found = pieces.flatMap(({ function: { name, section, offset, size: length }, start }) => {
    const table = sections.get(section.name) ?? new Uint8Array(0);
    const view = new DataView(table.buffer, table.byteOffset, table.byteLength);
    const records: Uint8Array[] = [];
    for (let at = 0; at < table.length; at += size) {
      const place = view.getUint32(at, true) - offset;
      if (place < 0 || place >= length) continue;
      if (place % SLOT !== 0)
        throw objectError(`the section .BTF.ext tells of the inside of an instruction of ${name}`);
      const record = table.slice(at, at + size);
      new DataView(record.buffer).setUint32(0, (place + start * SLOT) / scale, true);
      records.push(record);
    }
    return records;
  });
  return found.length === 0 ? undefined : { size, records: Buffer.concat(found) };
}
