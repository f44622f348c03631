export { Interpreter, type LineResult } from './interpreter/interpreter.js';
export type { Output, Surroundings } from './interpreter/run.js';
export { seededRandom } from './interpreter/seeded-random.js';
export type { Word, WordEntry } from './interpreter/word.js';
export { pipelineWords } from './pipeline/pipeline-words.js';
export { vendorOfMac } from './pipeline/vendor.js';
export { BUILT_IN_WORDS } from './words/built-in-words.js';
