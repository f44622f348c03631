import { text } from '../interpreter/operand.js';
import { quoted, Refusal } from '../interpreter/refusal.js';
import { defineWord, type Word } from '../interpreter/word.js';

/** Files of words, of the machine that the steered process runs on. */
export const FILE_WORDS: readonly Word[] = [
  defineWord({
    name: 'load',
    stack: '( file - )',
    help: 'runs a file of words, up to the first that fails',
    operands: [text],
    run: (machine, file) => {
      if (!machine.load(file)) throw new Refusal(`file ${quoted(file)} is not there`);
    },
  }),
  defineWord({
    name: 'load-if-present',
    stack: '( file - )',
    help: 'the same, and does nothing when the file is not there',
    operands: [text],
    run: (machine, file) => {
      machine.load(file);
    },
  }),
];
