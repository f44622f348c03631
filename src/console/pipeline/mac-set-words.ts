import { mac } from '../interpreter/operand.js';
import { defineWord, type Word } from '../interpreter/word.js';
import { describeMac, macLine, type VendorLookup } from './mac-line.js';
import type { MacSet } from './pipeline-control.js';

/** What the words of a set are called, and say of themselves. */
export interface MacSetTexts {
  /** Such as `tap.hash`. */
  readonly prefix: string;
  readonly insert: string;
  readonly reset: string;
  readonly show: string;
}

/** The three words of a set of addresses. */
export function macSetWords(set: MacSet, texts: MacSetTexts, vendorOf: VendorLookup): Word[] {
  const { prefix } = texts;
  return [
    defineWord({
      name: `${prefix}.insert`,
      stack: '( mac - )',
      help: texts.insert,
      operands: [mac],
      run: (_, address) => set.insert(address),
    }),
    defineWord({ name: `${prefix}.reset`, stack: '( - )', help: texts.reset, operands: [], run: () => set.reset() }),
    defineWord({
      name: `${prefix}.show`,
      stack: '( - )',
      help: texts.show,
      operands: [],
      run: (machine) => {
        const macs = [...set.list()].sort().map((address) => describeMac(address, vendorOf));
        machine.print({ macs }, macs.map(macLine));
      },
    }),
  ];
}
