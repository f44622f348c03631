import { type Assembler, R0, R7, type Register } from '../../ebpf/index.js';
import { constantOf, emitLengthJump, emitNumber, type Place, REGISTERS_OF_NUMBERS } from './emit-number.js';
import { simplify } from './simplify.js';
import type { Expression, Relation, RelationOperator } from './tree.js';

export interface ExpressionLabels {
  /** Where a frame that matches goes on. */
  readonly match: string;
  /** Where one that does not goes on; also where the expression rejects it. */
  readonly noMatch: string;
  /** The one of both that is placed right behind: no jump is needed to it. */
  readonly next?: string | undefined;
}

export interface ExpressionState {
  /** Bytes of the frame that the caller has checked to be there, with a comparison of R6 plus so many and the end. Default 0. */
  readonly checked?: number | undefined;
  /** The stack below this offset from R10 is free: up to 88 bytes are used. A multiple of 8. Default 0. */
  readonly stack?: number | undefined;
  /** Holds the packet's end: R7, R8 or R9. Default R7. */
  readonly end?: Register | undefined;
  /**
   * Has the verifier walk first where a frame is too short. What it then knows of the frame is least, so that it need not walk
   * on again with more: for programs of many expressions. Default false.
   */
  readonly shortFirst?: boolean | undefined;
}

/** How many bytes are known to be there where a test was true, and where it was false. */
interface Known {
  readonly whenTrue: number;
  readonly whenFalse: number;
}

const INVERSE = { '=': '!=', '!=': '=', '<': '>=', '>=': '<', '>': '<=', '<=': '>' } as const;
const CONDITION = { '=': '==', '!=': '!=', '<': '<', '<=': '<=', '>': '>', '>=': '>=' } as const;

/**
 * Writes the eBPF of an expression. R6 is the packet's beginning (`data`), and R7, unless the state names another, its end
 * (`data_end`). R6 to R9 stay as they are; R0 to R5 are lost. All that is read is within the packet, for the verifier to see.
 *
 * Without CAP_PERFMON the verifier takes no arithmetic of packet pointers but with constants (sanitize_ptr_alu in
 * kernel/bpf/verifier.c): neither `len` in arithmetic, nor a place that the packet itself tells, such as that of a port behind an
 * IPv4 header. `less`, `greater` and comparisons of `len` with a number are free of that. Frames are shorter than 65,536
 * bytes. Linux 5.1.
 */
export function emitExpression(
  assembler: Assembler,
  expression: Expression,
  labels: ExpressionLabels,
  { checked = 0, stack = 0, end = R7, shortFirst = false }: ExpressionState = {},
): void {
  const { match, noMatch, next } = labels;
  new Emitter(assembler, { reject: noMatch, stack, end, shortFirst }).test(
    simplify(expression),
    match,
    noMatch,
    next,
    checked,
  );
}

class Emitter {
  readonly #assembler: Assembler;
  readonly #place: Place;

  constructor(assembler: Assembler, place: Place) {
    this.#assembler = assembler;
    this.#place = place;
  }

  /** Jumps to one of two labels, or falls through where that is `next`. */
  test(expression: Expression, yes: string, no: string, next: string | undefined, checked: number): Known {
    switch (expression.kind) {
      case 'all':
        return this.#series(expression.operands, true, yes, no, next, checked);
      case 'any':
        return this.#series(expression.operands, false, yes, no, next, checked);
      case 'not': {
        const { whenTrue, whenFalse } = this.test(expression.operand, no, yes, next, checked);
        return { whenTrue: whenFalse, whenFalse: whenTrue };
      }
      case 'relation':
        return this.#relation(expression, yes, no, next, checked);
    }
  }

  /** Operands one after the other, for as long as each has the outcome `goOn`. */
  #series(
    operands: readonly Expression[],
    goOn: boolean,
    yes: string,
    no: string,
    next: string | undefined,
    checked: number,
  ): Known {
    const out = goOn ? no : yes;
    const through = goOn ? yes : no;
    let known = checked;
    let knownOutside = Number.POSITIVE_INFINITY;
    for (const [i, operand] of operands.entries()) {
      const isLast = i === operands.length - 1;
      const on = isLast ? through : this.#assembler.fresh('and');
      const behind = isLast ? next : on;
      const outcome = this.test(operand, goOn ? on : yes, goOn ? no : on, behind, known);
      if (!isLast) this.#assembler.label(on);
      known = goOn ? outcome.whenTrue : outcome.whenFalse;
      knownOutside = Math.min(knownOutside, goOn ? outcome.whenFalse : outcome.whenTrue);
    }
    if (operands.length === 0) {
      // A jump that is never taken: what is at `out` must be in reach, or the verifier refuses it.
      this.#assembler.mov(R0, 0).jump('!=', R0, 0, out);
      this.#go(through, next);
      knownOutside = checked;
    }
    return goOn ? { whenTrue: known, whenFalse: knownOutside } : { whenTrue: knownOutside, whenFalse: known };
  }

  #relation(relation: Relation, yes: string, no: string, next: string | undefined, checked: number): Known {
    const { operator, left, right } = relation;
    // The branch that is not taken falls through where it can.
    const [target, other, condition] =
      yes === next ? ([no, yes, INVERSE[operator]] as const) : ([yes, no, operator] as const);
    if (left.kind === 'length' && right.kind === 'number') {
      emitLengthJump(this.#assembler, CONDITION[condition], right.value, target, this.#place.end);
      this.#go(other, next);
      return { whenTrue: checked, whenFalse: checked };
    }
    const known = this.#compare(relation, condition, target, checked);
    this.#go(other, next);
    return { whenTrue: known, whenFalse: known };
  }

  #compare({ left, right }: Relation, operator: RelationOperator, target: string, checked: number): number {
    const [first, second] = [REGISTERS_OF_NUMBERS[0], REGISTERS_OF_NUMBERS[1]];
    const equality = operator === '=' || operator === '!=';
    const swapped = equality ? constantOf(left, right) : undefined;
    if (swapped) {
      const known = emitNumber(this.#assembler, swapped.value, 0, this.#place, checked, true);
      this.#assembler.jump32(CONDITION[operator], first, swapped.constant, target);
      return known;
    }
    let known = emitNumber(this.#assembler, left, 0, this.#place, checked);
    if (right.kind === 'number') {
      this.#assembler.jump32(CONDITION[operator], first, right.value, target);
      return known;
    }
    known = emitNumber(this.#assembler, right, 1, this.#place, known);
    this.#assembler.jump32(CONDITION[operator], first, second, target);
    return known;
  }

  #go(label: string, next: string | undefined): void {
    if (label !== next) this.#assembler.goto(label);
  }
}
