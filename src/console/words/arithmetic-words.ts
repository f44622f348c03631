import { add, type Decimal, decimalItem, multiply, negate, ONE, parseDecimal, ZERO } from '../interpreter/decimal.js';
import { number } from '../interpreter/operand.js';
import { quoted, Refusal } from '../interpreter/refusal.js';
import { defineWord, type Machine, type Word } from '../interpreter/word.js';

/** Exact: whole numbers and decimal fractions. */
export const ARITHMETIC_WORDS: readonly Word[] = [
  arithmetic('+', 'adds; a number alone in its frame is added to 0', ZERO, add),
  arithmetic(
    '-',
    'subtracts the second from the first; a number alone in its frame is subtracted from 0',
    ZERO,
    (a, b) => add(a, negate(b)),
  ),
  arithmetic('*', 'multiplies; a number alone in its frame is multiplied by 1', ONE, multiply),
];

function arithmetic(name: string, help: string, neutral: Decimal, apply: (a: Decimal, b: Decimal) => Decimal): Word {
  return defineWord({
    name,
    stack: '( [n1] n2 - n )',
    help,
    operands: [number],
    run: (machine, second) => {
      machine.stack.push(decimalItem(apply(optionalNumber(machine) ?? neutral, second)));
    },
  });
}

function optionalNumber({ stack }: Machine): Decimal | undefined {
  const item = stack.pop();
  const value = item && parseDecimal(item.text);
  if (item && !value) throw new Refusal(`n1 ${quoted(item.text)} is not ${number.describe}`);
  return value;
}
