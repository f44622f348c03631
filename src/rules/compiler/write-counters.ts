import { R0, R1, R2, R3, R4, R6, R7, R10 } from '../../ebpf/index.js';
import { RULE_COUNTERS } from './compiled-rules.js';
import type { FunctionPlace } from './function-types.js';
import { END, FRAME, type RuleCode, Stack } from './rule-code.js';

const FUNCTION = 'count';

/**
 * Counts packets and their bytes in the elements of rules. An element is this CPU's alone: softirqs of one CPU don't interrupt
 * each other, so that plain additions are enough.
 *
 * A function for all rules takes some nanoseconds more than to count in place. But the kernel replaces each lookup by instructions of
 * its own, for which it copies all it knows of the program (bpf_patch_insn_data in kernel/bpf): with a thousand of them in
 * a hundred thousand instructions that takes seconds.
 */
export class Counters {
  readonly #code: RuleCode;
  readonly #inFunction: boolean;
  #isCalled = false;

  constructor(code: RuleCode, options: { readonly inFunction: boolean }) {
    this.#code = code;
    this.#inFunction = options.inFunction;
  }

  /** Counts the packet for a rule: among all of them, or among those over its limit. */
  write(rule: number, kind: 'all' | 'over' = 'all'): void {
    const { a } = this.#code;
    if (!this.#inFunction) {
      const counted = this.#code.fresh('counted');
      a.store('u32', R10, Stack.counterKey, rule);
      this.#code.lookUp(RULE_COUNTERS.map, Stack.counterKey);
      a.jump('==', R0, 0, counted).mov(R2, END).alu('-', R2, FRAME);
      this.#add(kind);
      a.label(counted);
      return;
    }
    this.#isCalled = true;
    a.load('u64', R1, R10, Stack.context).mov(R2, rule).mov(R3, END).alu('-', R3, FRAME);
    a.mov(R4, kind === 'all' ? 0 : 1).callLocal(FUNCTION);
  }

  /** R2 = the rule, R3 = bytes, R4 = whether over its limit. @returns nothing where nobody calls it */
  writeFunction(): FunctionPlace | undefined {
    if (!this.#isCalled) return undefined;
    const { a } = this.#code;
    const slot = a.index;
    a.label(FUNCTION).store('u32', R10, Stack.counterKey, R2).mov(R6, R3).mov(R7, R4);
    this.#code.lookUp(RULE_COUNTERS.map, Stack.counterKey);
    a.jump('==', R0, 0, 'counted').mov(R2, R6).jump('!=', R7, 0, 'count over');
    this.#add('all');
    a.goto('counted').label('count over');
    this.#add('over');
    a.label('counted').mov(R0, 0).exit();
    return { name: FUNCTION, slot, takes: 'rules' };
  }

  /** Adds a packet of R2 bytes to the element at R0. */
  #add(kind: 'all' | 'over'): void {
    const { packets, bytes, overPackets, overBytes } = RULE_COUNTERS;
    const [packetsAt, bytesAt] = kind === 'all' ? [packets, bytes] : [overPackets, overBytes];
    const { a } = this.#code;
    a.load('u64', R1, R0, packetsAt).alu('+', R1, 1).store('u64', R0, packetsAt, R1);
    a.load('u64', R1, R0, bytesAt).alu('+', R1, R2).store('u64', R0, bytesAt, R1);
  }
}
