import { quoted, Refusal } from '../interpreter/refusal.js';
import { defineWord, type Word } from '../interpreter/word.js';

/** What there is, and what it does. */
export const HELP_WORDS: readonly Word[] = [
  defineWord({
    name: '.i',
    stack: '( - )',
    help: 'lists the words with their stack comments; `.i tap` only those that have `tap` in their names',
    operands: [],
    run: (machine) => {
      const part = machine.nextToken() ?? '';
      const words = machine.entries().filter(({ name }) => name.includes(part));
      const width = Math.max(0, ...words.map(({ name }) => name.length));
      const lines = words.map(({ name, stack }) => `${name.padEnd(width)}  ${stack}`);
      machine.print({ words: words.map(({ name, stack }) => ({ name, stack })) }, lines);
    },
  }),
  defineWord({
    name: 'help',
    stack: '( - )',
    help: 'tells what a word does: `help tap.status`; alone, how to begin',
    operands: [],
    run: (machine) => {
      const wanted = machine.nextToken();
      if (wanted === undefined) return machine.print({ lines: BEGINNING }, BEGINNING);
      const entry = machine.entries().find(({ name }) => name === wanted);
      if (entry === undefined) throw new Refusal(`${quoted(wanted)} is not a word; .i lists them`);
      const { name, stack, help } = entry;
      machine.print({ name, stack, help }, [`${name}  ${stack}`, `  ${help}`]);
    },
  }),
];

const BEGINNING: readonly string[] = [
  'Operands come first, the word that takes them behind them: 50 fault.drop.probability',
  '.i lists the words, .i tap those with "tap" in their names, help WORD tells what one does.',
  'if.stats shows the interfaces and their numbers. Ctrl-D ends the session.',
];
