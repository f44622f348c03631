/** A part of an object file. */
export interface Place {
  readonly name: string;
  readonly offset: number;
  readonly size: number;
}

/** Where the sections of an ELF file are that have contents. */
export function sectionsOf(file: Buffer): Place[] {
  const NO_BITS = 8;
  const table = Number(file.readBigUInt64LE(40));
  const headers = Array.from({ length: file.readUInt16LE(60) }, (_, i) => file.subarray(table + i * 64));
  const offset = (header: Buffer) => Number(header.readBigUInt64LE(24));
  const names = offset(headers[file.readUInt16LE(62)]!);
  return headers
    .filter((header) => header.readUInt32LE(4) !== NO_BITS)
    .map((header) => {
      const name = names + header.readUInt32LE(0);
      return {
        name: file.toString('latin1', name, file.indexOf(0, name)),
        offset: offset(header),
        size: Number(header.readBigUInt64LE(32)),
      };
    })
    .filter(({ size }) => size > 0);
}

/** The header, and the table of sections. */
export function headersOf(file: Buffer): Place[] {
  return [
    { name: 'header', offset: 0, size: 64 },
    { name: 'sections', offset: Number(file.readBigUInt64LE(40)), size: 64 * file.readUInt16LE(60) },
  ];
}
