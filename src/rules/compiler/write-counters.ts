import { R0, R1, R2, R10 } from '../../ebpf/index.js';
import { RULE_COUNTERS } from './compiled-rules.js';
import { END, FRAME, type RuleCode, Stack } from './rule-code.js';

/**
 * Counts a packet and its bytes in the element of a rule. It is this CPU's alone: softirqs of one CPU don't interrupt each
 * other, so that plain additions are enough.
 */
export function writeCount(code: RuleCode, rule: number, kind: 'all' | 'over' = 'all'): void {
  const { map, packets, bytes, overPackets, overBytes } = RULE_COUNTERS;
  const [packetsAt, bytesAt] = kind === 'all' ? [packets, bytes] : [overPackets, overBytes];
  const counted = code.fresh('counted');
  code.a.store('u32', R10, Stack.counterKey, rule);
  code.lookUp(map, Stack.counterKey);
  code.a.jump('==', R0, 0, counted);
  code.a.load('u64', R1, R0, packetsAt).alu('+', R1, 1).store('u64', R0, packetsAt, R1);
  code.a.mov(R2, END).alu('-', R2, FRAME);
  code.a.load('u64', R1, R0, bytesAt).alu('+', R1, R2).store('u64', R0, bytesAt, R1);
  code.a.label(counted);
}
