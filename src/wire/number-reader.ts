/** Numbers of a file that has the byte order of the machine that wrote it. */
export class NumberReader {
  readonly littleEndian: boolean;

  constructor(littleEndian: boolean) {
    this.littleEndian = littleEndian;
  }

  u16(bytes: Uint8Array, at: number): number {
    const [a, b] = [bytes[at]!, bytes[at + 1]!];
    return this.littleEndian ? a | (b << 8) : (a << 8) | b;
  }

  u32(bytes: Uint8Array, at: number): number {
    const [first, second] = [this.u16(bytes, at), this.u16(bytes, at + 2)];
    return (this.littleEndian ? (second << 16) | first : (first << 16) | second) >>> 0;
  }
}
