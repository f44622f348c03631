import { XdpError } from '../sys/index.js';
import type { Instruction } from './instruction.js';

/** Bytes of one slot. */
const INSTRUCTION_SIZE = 8;

/**
 * Eight bytes for each slot, in the order the kernel takes on a little-endian machine, the only kind supported: the
 * destination register is in the lower half of the second byte (RFC 9669, section 3).
 */
export function encode(instructions: readonly Instruction[]): Uint8Array {
  const bytes = new Uint8Array(instructions.length * INSTRUCTION_SIZE);
  const view = new DataView(bytes.buffer);
  let at = 0;
  for (const { opcode, dst, src, offset, immediate } of instructions) {
    view.setUint8(at, opcode);
    view.setUint8(at + 1, (src << 4) | dst);
    view.setInt16(at + 2, offset, true);
    view.setInt32(at + 4, immediate, true);
    at += INSTRUCTION_SIZE;
  }
  return bytes;
}

/**
 * The inverse of {@link encode}. Every slot decodes, whether or not it is an instruction that exists.
 *
 * @throws XDP_ERR_ASSEMBLER where the length is no multiple of eight bytes
 */
export function decode(bytes: Uint8Array): Instruction[] {
  if (bytes.length % INSTRUCTION_SIZE !== 0) {
    throw new XdpError('XDP_ERR_ASSEMBLER', `${bytes.length} bytes are no whole number of instructions of 8`);
  }
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const instructions: Instruction[] = [];
  for (let at = 0; at < bytes.length; at += INSTRUCTION_SIZE) {
    const registers = view.getUint8(at + 1);
    instructions.push({
      opcode: view.getUint8(at),
      dst: registers & 0x0f,
      src: registers >> 4,
      offset: view.getInt16(at + 2, true),
      immediate: view.getInt32(at + 4, true),
    });
  }
  return instructions;
}
