/** The last 8 bytes of a file: `XDPRULE` and the version of the format. */
const MAGIC = Uint8Array.from([...Buffer.from('XDPRULE'), 1]);
const TRAILER_BYTES = 24;

/**
 * Joins parts, and puts the relocations and the trailer behind them: u32 each, little-endian. The trailer is the number
 * of rules, the number of relocations, where these begin, 0, and the magic bytes.
 */
export function withTrailer(parts: readonly Uint8Array[], rules: number, relocations: readonly number[]): Uint8Array {
  const start = parts.reduce((sum, part) => sum + part.length, 0);
  const bytes = new Uint8Array(start + 4 * relocations.length + TRAILER_BYTES);
  const view = new DataView(bytes.buffer);
  let at = 0;
  for (const part of parts) {
    bytes.set(part, at);
    at += part.length;
  }
  for (const offset of [...relocations, rules, relocations.length, start, 0]) {
    view.setUint32(at, offset, true);
    at += 4;
  }
  bytes.set(MAGIC, at);
  return bytes;
}
