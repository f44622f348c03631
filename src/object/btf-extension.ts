import { ByteReader } from './byte-reader.js';
import { objectError } from './object-error.js';

const MAGIC = 0xeb9f;
/** Bytes of a header that tells of CO-RE relocations, too. */
const WITH_RELOCATIONS = 32;
/** MAX_FUNCINFO_REC_SIZE and its like: the kernel refuses longer ones. */
const LONGEST_RECORD = 252;

/** Records about instructions: u32 offset in bytes, then what the record tells. */
export interface RecordTable {
  /** Bytes of one record. */
  readonly size: number;
  /** By the name of the section with the instructions. */
  readonly sections: ReadonlyMap<string, Uint8Array>;
}

/** What `.BTF.ext` tells of the code: its functions, its source lines, and what depends on the kernel's types (CO-RE). */
export interface BtfExtension {
  readonly functions: RecordTable;
  readonly lines: RecordTable;
  readonly relocations: RecordTable;
}

/**
 * @param text names, by their offset in the BTF
 * @throws XDP_ERR_OBJECT
 */
export function readBtfExtension(bytes: Uint8Array, text: (offset: number) => string): BtfExtension {
  const reader = new ByteReader(bytes, 'the section .BTF.ext');
  if (reader.u16(0) !== MAGIC) throw objectError('the section .BTF.ext does not begin as it should');
  const headerLength = reader.u32(4);
  const table = (field: number, shortest: number): RecordTable => {
    if (headerLength < field + 8) return { size: shortest, sections: new Map() };
    return readTable(reader.part(headerLength + reader.u32(field), reader.u32(field + 4)), shortest, text);
  };
  return {
    functions: table(8, 8),
    lines: table(16, 16),
    relocations: headerLength < WITH_RELOCATIONS ? { size: 16, sections: new Map() } : table(24, 16),
  };
}

/** u32 size of a record; then for each section u32 name, u32 count, and that many records. */
function readTable(reader: ByteReader, shortest: number, text: (offset: number) => string): RecordTable {
  const sections = new Map<string, Uint8Array>();
  if (reader.length === 0) return { size: shortest, sections };
  const size = reader.u32(0);
  if (size < shortest || size > LONGEST_RECORD || size % 4 !== 0) {
    throw objectError(`the section .BTF.ext has records of ${size} bytes`);
  }
  for (let at = 4; at < reader.length; ) {
    const name = text(reader.u32(at));
    const records = reader.part(at + 8, reader.u32(at + 4) * size);
    sections.set(name, records.bytes);
    at += 8 + records.length;
  }
  return { size, sections };
}
