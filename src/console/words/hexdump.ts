const ROW = 16;

/** Bytes as offset, hexadecimal digits and ASCII characters; 16 to a line. */
export function hexdump(bytes: Uint8Array): string[] {
  return Array.from({ length: Math.ceil(bytes.length / ROW) }, (_, row) => {
    const part = Array.from(bytes.subarray(row * ROW, (row + 1) * ROW));
    const offset = (row * ROW).toString(16).padStart(8, '0');
    const digits = part.map((byte) => byte.toString(16).padStart(2, '0'));
    const halves = [digits.slice(0, ROW / 2).join(' '), digits.slice(ROW / 2).join(' ')];
    const ascii = part.map((byte) => (byte >= 0x20 && byte < 0x7f ? String.fromCharCode(byte) : '.')).join('');
    return `${offset}  ${halves[0]!.padEnd(23)}  ${halves[1]!.padEnd(23)}  |${ascii}|`;
  });
}
