import { compute } from './build.js';
import type { Arithmetic, Expression, Load, RelationOperator } from './tree.js';

/** What a test or a number is that can't be had: a load behind the end of the frame, a division by zero. */
const REJECTED = -1;

/** A frame within a larger piece of memory. */
interface Frame {
  readonly bytes: Uint8Array;
  readonly offset: number;
  readonly length: number;
}

/**
 * Whether the frame of `length` bytes at `offset` matches. Nothing outside of it is read.
 *
 * ```ts
 * const dns = parseExpression('udp port 53');
 * matchesExpression(dns, frame, 0, frame.length);
 * ```
 */
export function matchesExpression(
  expression: Expression,
  bytes: Uint8Array,
  offset = 0,
  length: number = bytes.length - offset,
): boolean {
  return test(expression, { bytes, offset, length }) === 1;
}

/** 0, 1 or {@link REJECTED}. */
function test(expression: Expression, frame: Frame): number {
  switch (expression.kind) {
    case 'all':
      for (const operand of expression.operands) {
        const outcome = test(operand, frame);
        if (outcome !== 1) return outcome;
      }
      return 1;
    case 'any':
      for (const operand of expression.operands) {
        const outcome = test(operand, frame);
        if (outcome !== 0) return outcome;
      }
      return 0;
    case 'not': {
      const outcome = test(expression.operand, frame);
      return outcome === REJECTED ? REJECTED : 1 - outcome;
    }
    case 'relation': {
      const left = numberIn(expression.left, frame);
      if (left === REJECTED) return REJECTED;
      const right = numberIn(expression.right, frame);
      if (right === REJECTED) return REJECTED;
      return compare(expression.operator, left, right) ? 1 : 0;
    }
  }
}

function compare(operator: RelationOperator, left: number, right: number): boolean {
  switch (operator) {
    case '=':
      return left === right;
    case '!=':
      return left !== right;
    case '<':
      return left < right;
    case '<=':
      return left <= right;
    case '>':
      return left > right;
    case '>=':
      return left >= right;
  }
}

/** 0 to 4294967295, or {@link REJECTED}. */
function numberIn(arithmetic: Arithmetic, frame: Frame): number {
  switch (arithmetic.kind) {
    case 'number':
      return arithmetic.value;
    case 'length':
      return frame.length;
    case 'load':
      return loaded(arithmetic, frame);
    case 'negation': {
      const operand = numberIn(arithmetic.operand, frame);
      return operand === REJECTED ? REJECTED : -operand >>> 0;
    }
    case 'operation': {
      const left = numberIn(arithmetic.left, frame);
      if (left === REJECTED) return REJECTED;
      const right = numberIn(arithmetic.right, frame);
      if (right === REJECTED) return REJECTED;
      return compute(arithmetic.operator, left, right) ?? REJECTED;
    }
  }
}

function loaded(load: Load, { bytes, offset, length }: Frame): number {
  const index = load.index === undefined ? 0 : numberIn(load.index, { bytes, offset, length });
  if (index === REJECTED) return REJECTED;
  const place = load.offset + index;
  if (place + load.size > length) return REJECTED;
  let value = 0;
  for (let i = 0; i < load.size; i++) value = value * 256 + bytes[offset + place + i]!;
  return value;
}
