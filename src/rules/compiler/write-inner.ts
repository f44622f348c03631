import { R1, R2, R3 } from '../../ebpf/index.js';
import type { InnerIpv4Test } from './packet-test.js';
import { END, type RuleCode, type Targets, TRANSPORT } from './rule-code.js';
import { compareBytes } from './write-bytes.js';
import { turned } from './write-field.js';

/** Where transport begins: IPv4 with its options, no later fragment, of UDP, with this destination. */
export function writeInnerIpv4(code: RuleCode, { value, mask }: InnerIpv4Test, targets: Targets): void {
  const { no } = targets;
  code.reach(TRANSPORT, 20, no);
  code.a.load('u8', R1, TRANSPORT).mov(R2, R1).alu('>>', R2, 4).jump32('!=', R2, 4, no);
  code.a.alu('&', R1, 15).jump32('<', R1, 5, no).alu('<<', R1, 2);
  code.a.mov(R3, TRANSPORT).alu('+', R3, R1).alu('+', R3, 8).jump('>', R3, END, no);
  code.a.load('u8', R1, TRANSPORT, 9).jump32('!=', R1, 17, no);
  code.a.load('u16', R1, TRANSPORT, 6).jump32('&', R1, turned(0x1fff, 2), no);
  compareBytes(code, TRANSPORT, 16, value, mask, targets);
}
