import type { Arithmetic, ArithmeticSign, Expression, Load, RelationOperator } from './tree.js';

/** The expression that every frame matches. */
export const EVERYTHING: Expression = { kind: 'all', operands: [] };

export function all(...operands: Expression[]): Expression {
  return combine('all', operands);
}

export function any(...operands: Expression[]): Expression {
  return combine('any', operands);
}

/** Nesting of the same kind is flattened: `a and (b and c)` tests and rejects as `a and b and c` does. */
function combine(kind: 'all' | 'any', operands: Expression[]): Expression {
  if (operands.length === 1) return operands[0]!;
  return { kind, operands: operands.flatMap((operand) => (operand.kind === kind ? operand.operands : operand)) };
}

export function not(operand: Expression): Expression {
  return operand.kind === 'not' ? operand.operand : { kind: 'not', operand };
}

export function relation(operator: RelationOperator, left: Arithmetic, right: Arithmetic | number): Expression {
  return { kind: 'relation', operator, left, right: typeof right === 'number' ? number(right) : right };
}

export function number(value: number): Arithmetic {
  return { kind: 'number', value: value >>> 0 };
}

/** Whether the number at a fixed place, under a mask, is `value`. */
export function equals(size: Load['size'], offset: number, value: number, mask = 0xffffffff): Expression {
  return relation('=', masked(load(size, offset), mask), value);
}

export function masked(value: Arithmetic, mask: number): Arithmetic {
  return mask === 0xffffffff ? value : operation('&', value, number(mask));
}

/** An index that is a number becomes part of the offset, which wraps around. */
export function load(size: Load['size'], offset: number, index?: Arithmetic): Arithmetic {
  if (index?.kind === 'number') return { kind: 'load', size, offset: (offset + index.value) >>> 0 };
  return { kind: 'load', size, offset: offset >>> 0, index };
}

export function negation(operand: Arithmetic): Arithmetic {
  return operand.kind === 'number' ? number(-operand.value) : { kind: 'negation', operand };
}

/**
 * Numbers are computed at once, except for a division by zero; and where one operand alone tells the result, the other is left
 * out, together with the loads in it that could have rejected. libpcap's optimizer does both, so it shows: `ip[400] * 0 = 0` is
 * true for every IPv4 packet.
 */
export function operation(operator: ArithmeticSign, left: Arithmetic, right: Arithmetic): Arithmetic {
  if (left.kind === 'number' && right.kind === 'number') {
    const value = compute(operator, left.value, right.value);
    if (value !== undefined) return number(value);
  } else if (right.kind === 'number' && right.value === 0) {
    if ('+-|^<<>>'.includes(operator)) return left;
    if ('*&'.includes(operator)) return right;
  } else if (left.kind === 'number' && left.value === 0) {
    if ('+|^'.includes(operator)) return right;
    if (operator !== '-') return left;
  }
  return { kind: 'operation', operator, left, right };
}

/** The result as an unsigned number of 32 bits; undefined for a division by zero. */
export function compute(operator: ArithmeticSign, left: number, right: number): number | undefined {
  switch (operator) {
    case '+':
      return (left + right) >>> 0;
    case '-':
      return (left - right) >>> 0;
    case '*':
      return Math.imul(left, right) >>> 0;
    case '/':
      return right === 0 ? undefined : Math.floor(left / right);
    case '%':
      return right === 0 ? undefined : left % right;
    case '&':
      return (left & right) >>> 0;
    case '|':
      return (left | right) >>> 0;
    case '^':
      return (left ^ right) >>> 0;
    case '<<':
      return right > 31 ? 0 : (left << right) >>> 0;
    case '>>':
      return right > 31 ? 0 : left >>> right;
  }
}

/** How many numbers have to be kept at the same time to compute this one, from left to right. */
export function numbersAtOnce(arithmetic: Arithmetic): number {
  switch (arithmetic.kind) {
    case 'number':
    case 'length':
      return 1;
    case 'load':
      return arithmetic.index === undefined ? 1 : numbersAtOnce(arithmetic.index);
    case 'negation':
      return numbersAtOnce(arithmetic.operand);
    case 'operation':
      return Math.max(numbersAtOnce(arithmetic.left), 1 + numbersAtOnce(arithmetic.right));
  }
}
