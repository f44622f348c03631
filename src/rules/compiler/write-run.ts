import { R1, type Register } from '../../ebpf/index.js';
import type { RuleCode } from './rule-code.js';
import type { RuleRun, Segment } from './rule-run.js';
import { loadField } from './write-field.js';

/** Writes the search for the rule of a run that a packet is for: binary, so that its cost is the logarithm of their number. */
export function writeRun(
  code: RuleCode,
  { field, segments }: RuleRun,
  labelOf: (segment: Segment) => string,
  none: string,
): void {
  loadField(code, field, none);
  search(code, R1, segments, 0, field.mask, labelOf, none);
}

/** The number is known to be at least `least` and at most `most`. */
function search(
  code: RuleCode,
  register: Register,
  segments: readonly Segment[],
  least: number,
  most: number,
  labelOf: (segment: Segment) => string,
  none: string,
): void {
  if (segments.length > 1) {
    const middle = segments.length >> 1;
    const { from } = segments[middle]!;
    const below = code.fresh('below');
    code.a.jump32('<', register, from, below);
    search(code, register, segments.slice(middle), from, most, labelOf, none);
    code.a.label(below);
    search(code, register, segments.slice(0, middle), least, from - 1, labelOf, none);
    return;
  }
  const [segment] = segments;
  const { from, to } = segment!;
  const label = labelOf(segment!);
  if (from === to && least < from && to < most) {
    code.a.jump32('==', register, from, label).goto(none);
    return;
  }
  if (from > least) code.a.jump32('<', register, from, none);
  if (to < most) code.a.jump32('>', register, to, none);
  code.a.goto(label);
}
