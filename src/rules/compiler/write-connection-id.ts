import { R1, R2, R3, R4, R5 } from '../../ebpf/index.js';
import type { LongConnectionIdTest } from './packet-test.js';
import { END, type RuleCode, type Targets, TRANSPORT } from './rule-code.js';
import { compareBytes } from './write-bytes.js';
import { pointToTcpPayload } from './write-place.js';

const LONGEST_ID = 20;
const ALL_BITS = new Uint8Array(LONGEST_ID).fill(255);

/** The source connection ID stands behind the destination's, whose length varies (RFC 8999, section 5.1). */
export function writeLongConnectionId(code: RuleCode, test: LongConnectionIdTest, targets: Targets): void {
  const { no } = targets;
  const { offset, id } = test;
  const payload = test.base === 'tcpPayload' ? pointToTcpPayload(code, no) : TRANSPORT;
  const begin = test.base === 'tcpPayload' ? 0 : 8;
  code.reach(payload, begin + 7, no);
  code.a.load('u8', R1, payload, begin).alu('&', R1, 0x80).jump32('==', R1, 0, no);
  code.a.load('u8', R1, payload, begin + 5).jump32('>', R1, LONGEST_ID, no);
  // R2: so that the source ID's length stands at 6, its bytes at 7.
  code.a.mov(R2, payload).alu('+', R2, begin).alu('+', R2, R1);
  code.a.mov(R3, R2).alu('+', R3, 7).jump('>', R3, END, no);
  code.a
    .load('u8', R3, R2, 6)
    .jump32('>', R3, LONGEST_ID, no)
    .jump32('<', R3, offset + id.length, no);
  code.a.mov(R4, R2).alu('+', R4, 7).alu('+', R4, R3).jump('>', R4, END, no);
  // The verifier does not see that this follows.
  code.a
    .mov(R5, R2)
    .alu('+', R5, 7 + offset + id.length)
    .jump('>', R5, END, no);
  code.a.mov(R5, R2);
  compareBytes(code, R5, 7 + offset, id, ALL_BITS.subarray(0, id.length), targets);
}
