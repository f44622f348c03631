import { Item } from '../interpreter/item.js';
import { CONVERSIONS } from '../interpreter/kinds.js';
import { anyItem } from '../interpreter/operand.js';
import { defineWord, type Word } from '../interpreter/word.js';

/** Random numbers, bytes, and items of other kinds than strings. */
export const DATA_WORDS: readonly Word[] = [
  defineWord({
    name: 'random32',
    stack: '( - n )',
    help: 'a random uint32',
    operands: [],
    run: (machine) => machine.stack.push(Item.integer('uint32', BigInt(machine.random()))),
  }),
  defineWord({
    name: 'random64',
    stack: '( - n )',
    help: 'a random uint64',
    operands: [],
    run: (machine) => {
      const high = BigInt(machine.random());
      machine.stack.push(Item.integer('uint64', (high << 32n) | BigInt(machine.random())));
    },
  }),
  defineWord({
    name: 'datacat',
    stack: '( data1 data2 - data )',
    help: 'puts the bytes of two items behind one another; two strings make a string, anything else binary data',
    operands: [anyItem, anyItem],
    run: ({ stack }, first, second) => {
      const strings = first.kind === 'string' && second.kind === 'string';
      stack.push(
        strings ? Item.string(first.text + second.text) : Item.binary(Buffer.concat([first.bytes, second.bytes])),
      );
    },
  }),
  ...CONVERSIONS.map(({ kind, type, describe, convert }) =>
    defineWord({
      name: `str->${type}`,
      stack: `( string - ${type} )`,
      help: `makes an item of the kind ${kind} from ${describe}`,
      operands: [{ describe, convert: ({ text }: Item) => convert(text) }],
      run: ({ stack }, item) => stack.push(item),
    }),
  ),
];
