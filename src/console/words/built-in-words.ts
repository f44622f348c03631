import type { Word } from '../interpreter/word.js';
import { ARITHMETIC_WORDS } from './arithmetic-words.js';
import { DATA_WORDS } from './data-words.js';
import { DEFINITION_WORDS } from './definition-words.js';
import { FILE_WORDS } from './file-words.js';
import { HELP_WORDS } from './help-words.js';
import { STACK_WORDS } from './stack-words.js';

/** The words of RPCL itself, by subject. */
export const BUILT_IN_WORDS: readonly Word[] = [
  ...DEFINITION_WORDS,
  ...ARITHMETIC_WORDS,
  ...STACK_WORDS,
  ...HELP_WORDS,
  ...DATA_WORDS,
  ...FILE_WORDS,
];
