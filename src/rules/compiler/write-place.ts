import { R2, R5, type Register } from '../../ebpf/index.js';
import type { Base } from './packet-classes.js';
import { END, POINTERS, type RuleCode, TRANSPORT } from './rule-code.js';

/** Makes sure that `size` bytes at a place are there, or goes to `no`. @returns the pointer that the offset counts from */
export function reachPlace(
  code: RuleCode,
  { base, offset, known }: { readonly base: Base; readonly offset: number; readonly known: boolean },
  size: number,
  no: string,
): Register {
  const pointer = pointTo(code, base, no);
  if (!known) code.reach(pointer, offset + size, no);
  return pointer;
}

/** The register that points to a base; where there is none the packet goes to `no`. */
export function pointTo(code: RuleCode, base: Base, no: string): Register {
  return base === 'tcpPayload' ? pointToTcpPayload(code, no) : POINTERS[base];
}

/** R5 = behind the TCP header, if its data offset is at least 5 words and within the frame. */
export function pointToTcpPayload(code: RuleCode, no: string): Register {
  code.reach(TRANSPORT, 20, no);
  code.a.load('u8', R2, TRANSPORT, 12).alu('>>', R2, 4).jump32('<', R2, 5, no).alu('<<', R2, 2);
  code.a.mov(R5, TRANSPORT).alu('+', R5, R2).jump('>', R5, END, no);
  return R5;
}
