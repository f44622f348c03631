import type { Item } from '../interpreter/item.js';
import { anyItem } from '../interpreter/operand.js';
import { printable } from '../interpreter/printable.js';
import { quoted } from '../interpreter/refusal.js';
import { defineWord, type Word } from '../interpreter/word.js';
import { hexdump } from './hexdump.js';

/** The stack, its frames, and printing. */
export const STACK_WORDS: readonly Word[] = [
  defineWord({
    name: '{',
    stack: '( - )',
    help: 'opens a stack frame: the words in it see only its own items',
    operands: [],
    run: ({ stack }) => stack.openFrame(),
  }),
  defineWord({
    name: '}',
    stack: '( - )',
    help: 'closes a stack frame; its items go to the frame around it',
    operands: [],
    run: ({ stack }) => stack.closeFrame(),
  }),
  defineWord({
    name: '.',
    stack: '( item - )',
    help: 'prints the top item',
    operands: [anyItem],
    run: (machine, item) => machine.print(item.toJSON(), [printable(item.text)]),
  }),
  defineWord({
    name: '.x',
    stack: '( item - )',
    help: 'prints the bytes of the top item: of a number in network order',
    operands: [anyItem],
    run: (machine, item) => {
      const { bytes } = item;
      machine.print({ ...item.toJSON(), bytes: Buffer.from(bytes).toString('hex') }, hexdump(bytes));
    },
  }),
  defineWord({
    name: '.s',
    stack: '( - )',
    help: 'shows the stack, the top item last',
    operands: [],
    run: (machine) => {
      const { frames } = machine.stack;
      const data = { frames: frames.map((frame) => frame.map((item) => item.toJSON())) };
      machine.print(data, frames.flatMap(frameLines));
    },
  }),
  defineWord({
    name: '.cs',
    stack: '( - )',
    help: 'clears the stack and closes all frames',
    operands: [],
    run: ({ stack }) => stack.clear(),
  }),
];

/** The outermost frame has level 0, and no brace. */
function frameLines(items: readonly Item[], level: number): string[] {
  const indent = '  '.repeat(level);
  const lines = items.map(({ kind, text }) =>
    kind === 'string' ? `${indent}${quoted(text)}` : `${indent}${printable(text)} (${kind})`,
  );
  return level === 0 ? lines : [`${indent.slice(2)}{`, ...lines];
}
