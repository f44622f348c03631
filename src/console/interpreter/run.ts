import { XdpError } from '../../sys/index.js';
import { Cost } from './cost.js';
import type { Definitions } from './definitions.js';
import { Item } from './item.js';
import { LIMITS } from './limits.js';
import { quoted, Refusal, WordFailure } from './refusal.js';
import type { Stack } from './stack.js';
import { type Token, tokenize } from './tokens.js';
import type { Vocabulary } from './vocabulary.js';
import type { Machine, WordEntry } from './word.js';

/** What a word printed. */
export interface Output {
  readonly word: string;
  /** The report as data. */
  readonly data: object;
  /** The same for people. */
  readonly lines: readonly string[];
}

/** What an interpreter is given instead of I/O. */
export interface Surroundings {
  /** 32 random bits, unsigned; such as of {@link seededRandom}. */
  readonly random: () => number;
  /** The text of a file of words, of at most 1 MiB; undefined when there is none. Throws for one that can't be read. */
  readonly readFile: (path: string) => string | undefined;
}

/** More of them help nobody. */
const MOST_NOTICES = 8;
/** Words that take the token before them as a name. */
const NAMERS: readonly string[] = ['!', '@', '!!'];

interface Cursor {
  readonly tokens: readonly Token[];
  next: number;
}

/** One line on its way through the words. */
export class Run implements Machine {
  readonly outputs: Output[] = [];
  readonly notices: string[] = [];
  /** What words have begun and is still under way; rejected with the word's failure. */
  readonly work: Promise<unknown>[] = [];
  readonly stack: Stack;
  readonly definitions: Definitions;
  readonly #vocabulary: Vocabulary;
  readonly #surroundings: Surroundings;
  readonly #cost: Cost = new Cost();
  #cursor: Cursor = { tokens: [], next: 0 };
  #nesting = 0;
  #word = '';

  constructor(vocabulary: Vocabulary, surroundings: Surroundings, stack: Stack, definitions: Definitions) {
    this.#vocabulary = vocabulary;
    this.#surroundings = surroundings;
    this.stack = stack;
    this.definitions = definitions;
  }

  /** @throws WordFailure */
  line(line: string): void {
    this.attempt('', () => {
      if (line.length > LIMITS.line) throw new Refusal(`a line may have at most ${LIMITS.line} characters`);
      this.#execute(tokenize(line));
    });
  }

  entries(): readonly WordEntry[] {
    return this.#vocabulary.entries(this.definitions);
  }

  isBuiltIn(name: string): boolean {
    return this.#vocabulary.get(name) !== undefined;
  }

  random(): number {
    return this.#surroundings.random();
  }

  nextToken(): string | undefined {
    return this.#cursor.tokens[this.#cursor.next++]?.text;
  }

  print(data: object, lines: readonly string[]): void {
    this.#cost.print(lines.reduce((sum, line) => sum + line.length + 1, 0));
    this.outputs.push({ word: this.#word, data, lines });
  }

  wait(work: Promise<unknown>): void {
    const word = this.#word;
    this.work.push(
      work.catch((error) => {
        throw new WordFailure(word, messageOf(error), { cause: error });
      }),
    );
  }

  load(file: string): boolean {
    const content = this.#surroundings.readFile(file);
    if (content === undefined) return false;
    this.#nested(() => {
      for (const [i, line] of content.split('\n').entries()) {
        this.#at(`${file}:${i + 1}`, () => this.line(line));
      }
    });
    return true;
  }

  /** Runs what belongs to a word: whatever it throws becomes a failure of that word. */
  attempt<T>(word: string, run: () => T): T {
    const outer = this.#word;
    this.#word = word;
    try {
      return run();
    } catch (error) {
      throw error instanceof WordFailure ? error : new WordFailure(word, messageOf(error), { cause: error });
    } finally {
      this.#word = outer;
    }
  }

  #execute(tokens: readonly Token[]): void {
    const outer = this.#cursor;
    const cursor = { tokens, next: 0 };
    this.#cursor = cursor;
    while (cursor.next < tokens.length) {
      const token = tokens[cursor.next++]!;
      this.attempt(token.text, () => this.#step(token, tokens[cursor.next]));
    }
    this.#cursor = outer;
  }

  #step({ text, quoted: literal }: Token, following: Token | undefined): void {
    this.#cost.step();
    const namer = NAMERS.find((name) => following?.quoted === false && name === following.text);
    const word = literal ? undefined : this.#vocabulary.get(text);
    const compound = literal ? undefined : this.definitions.compounds.get(text);
    if (word) word.run(this);
    // Before `!!` stands the name of what is defined, even if it is a compound word by now.
    else if (compound && namer !== '!!') this.#at(text, () => this.#nested(() => this.#execute(compound.tokens)));
    else {
      if (!literal && namer === undefined) this.#noteTypo(text);
      this.stack.push(Item.string(text));
    }
  }

  #nested(run: () => void): void {
    if (this.#nesting >= LIMITS.nesting) {
      throw new Refusal(`words and files run more than ${LIMITS.nesting} deep in one another`);
    }
    this.#nesting++;
    run();
    this.#nesting--;
  }

  /** Has a failure tell where it happened: in the innermost compound word, or on a line of the innermost file. */
  #at(place: string, run: () => void): void {
    try {
      run();
    } catch (error) {
      throw error instanceof WordFailure ? error.at(place) : error;
    }
  }

  #noteTypo(name: string): void {
    if (!this.#vocabulary.looksLikeWord(name) || this.notices.length >= MOST_NOTICES) return;
    this.notices.push(`${quoted(name)} is not a word: it was put on the stack`);
  }
}

function messageOf(error: unknown): string {
  const message = error instanceof Error ? error.message : String(error);
  const foreseen = error instanceof Refusal || error instanceof XdpError;
  return foreseen ? message : `something that should not happen: ${message}`;
}
