import { type Assembler, R0, R1, type Register } from '../../ebpf/index.js';
import { XdpError } from '../../sys/index.js';
import { CidFailure, type DecodePlace } from './codec.js';

/** QUIC version 1 and 2 have no longer ones (RFC 9000, section 17.2). */
export const LONGEST_ID = 20;

/** A big-endian number of at most 6 bytes. */
export function readNumber(bytes: Uint8Array, at: number, count: number): number {
  let value = 0;
  for (let i = 0; i < count; i++) value = value * 256 + bytes[at + i]!;
  return value;
}

export function writeNumber(bytes: Uint8Array, at: number, count: number, value: number): void {
  let rest = value;
  for (let i = count - 1; i >= 0; i--) {
    bytes[at + i] = rest % 256;
    rest = Math.floor(rest / 256);
  }
}

export function hexOf(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('hex');
}

/** @throws XDP_ERR_USAGE */
export function checkServer(server: number, lowest: number, highest: number, codec: string): void {
  if (Number.isInteger(server) && server >= lowest && server <= highest) return;
  throw new XdpError('XDP_ERR_USAGE', `${server} is no server for ${codec}`, {
    advice: `its IDs name servers from ${lowest} to ${highest}`,
  });
}

/** @throws XDP_ERR_USAGE */
export function checkWhole(what: string, value: number, low: number, high: number): void {
  if (Number.isInteger(value) && value >= low && value <= high) return;
  throw new XdpError('XDP_ERR_USAGE', `${what}: it must be a whole number from ${low} to ${high}, not ${value}`);
}

/**
 * Goes to `failed` unless the ID has `needs` bytes, and the packet too. R0 and R1 are lost.
 *
 * @param known bytes of which both were tested before
 */
export function emitReach(a: Assembler, place: DecodePlace, needs: number, known = 0): void {
  const { base, at, end, length, reached = 0, failed } = place;
  if (typeof length === 'number' && length < needs) {
    throw new XdpError('XDP_ERR_USAGE', `IDs of ${length} bytes are too short for the codec: it reads ${needs}`);
  }
  const testLength = typeof length !== 'number' && known < needs;
  const testEnd = Math.max(reached, known) < needs;
  if (testLength || testEnd) a.mov(R0, CidFailure.tooShort);
  if (testLength) a.jump32('<', length, needs, failed);
  if (testEnd)
    a.mov(R1, base)
      .alu('+', R1, at + needs)
      .jump('>', R1, end, failed);
}

/** The big-endian number in 1 to 8 bytes that are there, in `dst`, without reading any other. Of 3 and from 5 to 7 it takes two overlapping loads. */
export function emitNumber(
  a: Assembler,
  dst: Register,
  base: Register,
  at: number,
  count: number,
  scratch: Register,
): void {
  const width = count >= 8 ? 8 : count >= 4 ? 4 : count >= 2 ? 2 : 1;
  emitWord(a, dst, base, at, width);
  if (width === count) return;
  emitWord(a, scratch, base, at + count - width, width);
  // The bytes that both have are the same in both.
  a.alu('<<', dst, 8 * (count - width)).alu('|', dst, scratch);
}

const SIZE_NAMES = { 1: 'u8', 2: 'u16', 4: 'u32', 8: 'u64' } as const;
const BIG_ENDIAN = { 2: 'be16', 4: 'be32', 8: 'be64' } as const;

function emitWord(a: Assembler, dst: Register, base: Register, at: number, width: 1 | 2 | 4 | 8): void {
  a.load(SIZE_NAMES[width], dst, base, at);
  if (width !== 1) a.byteOrder(BIG_ENDIAN[width], dst);
}
