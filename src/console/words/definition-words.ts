import { anyItem, text } from '../interpreter/operand.js';
import { printable } from '../interpreter/printable.js';
import { quoted, Refusal } from '../interpreter/refusal.js';
import { defineWord, type Word } from '../interpreter/word.js';

/** Variables and compound words. */
export const DEFINITION_WORDS: readonly Word[] = [
  defineWord({
    name: '!',
    stack: '( value name - )',
    help: 'stores a value in a variable',
    operands: [anyItem, text],
    run: ({ definitions }, value, name) => definitions.setVariable(name, value),
  }),
  defineWord({
    name: '@',
    stack: '( name - value )',
    help: 'fetches the value of a variable',
    operands: [text],
    run: ({ definitions, stack }, name) => {
      const value = definitions.variables.get(name);
      if (value === undefined) throw new Refusal(`name ${quoted(name)} is not a variable; .d lists them`);
      stack.push(value);
    },
  }),
  defineWord({
    name: '!!',
    stack: '( line name - )',
    help: 'defines a compound word, or defines it anew: its name then stands for the line',
    operands: [text, text],
    run: (machine, line, name) => {
      if (machine.isBuiltIn(name)) throw new Refusal(`name ${quoted(name)} is a built-in word, which nobody redefines`);
      machine.definitions.setCompound(name, line);
    },
  }),
  defineWord({
    name: '.d',
    stack: '( - )',
    help: 'lists the variables',
    operands: [],
    run: (machine) => {
      const variables = [...machine.definitions.variables].sort(([a], [b]) => (a < b ? -1 : 1));
      const width = Math.max(0, ...variables.map(([name]) => name.length));
      machine.print(
        { variables: variables.map(([name, item]) => ({ name, ...item.toJSON() })) },
        variables.map(([name, item]) => `${name.padEnd(width)} ${printable(item.text)}`),
      );
    },
  }),
];
