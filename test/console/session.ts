import {
  BUILT_IN_WORDS,
  Interpreter,
  type LineResult,
  pipelineWords,
  seededRandom,
  type Word,
} from '../../dist/console/index.js';
import { type TwinControl, twinControl } from './twin-control.mjs';

/** The moment at which all reports of a test session are taken. */
export const NOW = 1_800_000_000_000;
const VENDORS: Readonly<Record<string, string>> = { '00:23:7d': 'Hewlett Packard' };

export interface TestSession {
  readonly words: readonly Word[];
  readonly control: TwinControl;
  readonly interpreter: Interpreter;
  run(line: string): LineResult;
  /** What a line prints, as text. Fails when a word fails. */
  lines(line: string): string[];
  /** The data of what a line prints. */
  data(line: string): object[];
  /** The message of the failure that a line ends with. */
  failure(line: string): string | undefined;
}

/** @param files contents by path */
export function session(files: Readonly<Record<string, string>> = {}): TestSession {
  const control = twinControl();
  const vendorOf = (mac: string) => VENDORS[mac.slice(0, 8)];
  const words = [...BUILT_IN_WORDS, ...pipelineWords(control, vendorOf, () => NOW)];
  const interpreter = new Interpreter(words, {
    random: seededRandom(1),
    readFile: (path) => (Object.hasOwn(files, path) ? files[path] : undefined),
  });
  const run = (line: string) => interpreter.run(line);
  const succeed = (line: string) => {
    const { outputs, failure } = run(line);
    if (failure) throw new Error(failure.message);
    return outputs;
  };
  return {
    words,
    control,
    interpreter,
    run,
    lines: (line) => succeed(line).flatMap(({ lines }) => lines),
    data: (line) => succeed(line).map(({ data }) => data),
    failure: (line) => run(line).failure?.message,
  };
}
