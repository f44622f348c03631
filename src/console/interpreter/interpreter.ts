import { Definitions } from './definitions.js';
import { WordFailure } from './refusal.js';
import { type Output, Run, type Surroundings } from './run.js';
import { Stack } from './stack.js';
import { Vocabulary } from './vocabulary.js';
import type { Word, WordEntry } from './word.js';

/** What came of a line. */
export interface LineResult {
  readonly outputs: readonly Output[];
  /** Remarks beside the reports. */
  readonly notices: readonly string[];
  /** Why the line ended early, if it did. The word is empty where the line was none. */
  readonly failure?: Failure;
  /** What the line has begun and is still under way, if anything is: it is over then, or has failed. Never rejects. */
  readonly rest?: Promise<Failure | undefined>;
}

/** A word that failed. */
export interface Failure {
  readonly word: string;
  readonly message: string;
}

/**
 * Runs lines of RPCL: a stack of items, variables, compound words, and the words it was given. It has no I/O of its own.
 * Whatever a line holds, it ends, within bounded time and memory.
 */
export class Interpreter {
  readonly #vocabulary: Vocabulary;
  readonly #surroundings: Surroundings;
  readonly #stack: Stack = new Stack();
  readonly #definitions: Definitions;

  /** @param words the built-in ones */
  constructor(words: readonly Word[] | Vocabulary, surroundings: Surroundings, definitions?: Definitions) {
    this.#vocabulary = words instanceof Vocabulary ? words : new Vocabulary(words);
    this.#surroundings = surroundings;
    this.#definitions = new Definitions(definitions);
  }

  /** Another session: it begins with the definitions of this one and an empty stack. */
  fork(): Interpreter {
    return new Interpreter(this.#vocabulary, this.#surroundings, this.#definitions);
  }

  /** Built-in and compound words, sorted by name. */
  entries(): WordEntry[] {
    return this.#vocabulary.entries(this.#definitions);
  }

  /**
   * Runs a line of at most 4096 characters. A word that fails ends it: the stack is then as it was before the line, and
   * what the words before it did stays done. Nothing is thrown.
   */
  run(line: string): LineResult {
    return this.#guarded((run) => run.line(line));
  }

  /** Runs a file of words, as `load-if-present` does. @returns undefined when there is none */
  runFile(path: string): LineResult | undefined {
    let found = true;
    const result = this.#guarded((run) => {
      found = run.attempt('load', () => run.load(path));
    });
    return found ? result : undefined;
  }

  #guarded(work: (run: Run) => void): LineResult {
    const restore = this.#stack.mark();
    const run = new Run(this.#vocabulary, this.#surroundings, this.#stack, this.#definitions);
    const { outputs, notices } = run;
    const failed: { failure?: Failure } = {};
    try {
      work(run);
    } catch (error) {
      restore();
      failed.failure = failureOf(error);
    }
    const rest = run.work.length === 0 ? {} : { rest: Promise.all(run.work).then(() => undefined, failureOf) };
    return { outputs, notices, ...failed, ...rest };
  }
}

function failureOf(error: unknown): Failure {
  if (!(error instanceof WordFailure)) throw error;
  return { word: error.word, message: error.message };
}
