import { defineWord, type Word } from '../interpreter/word.js';
import type { PipelineControl } from './pipeline-control.js';

/** The function that says where packets go. */
export function callbackWords({ callback }: PipelineControl): Word[] {
  return [
    defineWord({
      name: 'callback.reload',
      stack: '( - )',
      help: 'load the callback again, from its file; a broken one changes nothing, and no packet is lost',
      operands: [],
      run: (machine) => machine.wait(callback.reload()),
    }),
  ];
}
