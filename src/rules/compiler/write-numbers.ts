import { type R1, R2, R3, type Register } from '../../ebpf/index.js';
import type { Range } from '../model/index.js';
import type { RuleCode, Targets } from './rule-code.js';

/** Up to so many ranges are searched by comparisons; beyond that a bitmap takes one load, however large the set is. */
export const MOST_COMPARED = 8;

/**
 * Whether R1, a number of so many bits, is in a set; uses R2 and R3.
 *
 * @param options with `beyond` the number may have more bits, and is in no set then
 */
export function writeNumbers(
  code: RuleCode,
  register: typeof R1,
  ranges: readonly Range[],
  bits: number,
  targets: Targets,
  options: { readonly beyond?: boolean } = {},
): void {
  if (ranges.length <= MOST_COMPARED || bits > 16) {
    writeSearch(code, register, ranges, options.beyond ? Number.POSITIVE_INFINITY : 2 ** bits - 1, targets);
    return;
  }
  if (options.beyond) code.a.jump('>', register, 2 ** bits - 1, targets.no);
  const { map, offset } = code.maps.bitmap(ranges, bits);
  // Byte 8 * (n / 64). Not two shifts: to verifiers before the tracking of BPF_END (Linux 6.1 is one) a number whose bytes
  // were turned around has 64 bits, check_alu_op() in kernel/bpf/verifier.c, and only a mask gives it a bound.
  code.a
    .mov(R2, register)
    .alu('>>', R2, 3)
    .alu('&', R2, ((2 ** bits - 1) >> 3) & ~7);
  code.a.mapValue(R3, map, offset).alu('+', R3, R2).load('u64', R3, R3);
  // A shift takes the lowest 6 bits of the distance.
  code.a.alu('>>', R3, register);
  code.decide('&', R3, 1, targets);
}

/** Binary search by comparisons, of a number that is at least `least` and at most `most`. */
function writeSearch(
  code: RuleCode,
  register: Register,
  ranges: readonly Range[],
  most: number,
  targets: Targets,
  least = 0,
): void {
  if (ranges.length > 1) {
    const middle = ranges.length >> 1;
    const left = code.fresh('below');
    const split = ranges[middle]!.from;
    code.a.jump32('<', register, split, left);
    writeSearch(code, register, ranges.slice(middle), most, { ...targets, next: 'yes' }, split);
    code.a.goto(targets.yes).label(left);
    writeSearch(code, register, ranges.slice(0, middle), split - 1, targets, least);
    return;
  }
  const { from, to } = ranges[0]!;
  if (from === to) {
    code.decide('==', register, from, targets);
    return;
  }
  if (from <= least && to >= most) {
    code.settle('yes', targets);
    return;
  }
  if (from <= least) {
    code.decide('<=', register, to, targets);
    return;
  }
  if (to < most) code.a.jump32('>', register, to, targets.no);
  code.decide('>=', register, from, targets);
}
