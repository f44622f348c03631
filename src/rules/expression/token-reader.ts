import type { Token } from './lexer.js';
import type { Source } from './source.js';
import { PROTOCOLS } from './words.js';

/** How deep parentheses, brackets and `not` may be nested. */
const DEEPEST = 200;

const ARITHMETIC: ReadonlySet<string> = new Set([
  '+',
  '-',
  '*',
  '/',
  '%',
  '&',
  '|',
  '^',
  '<<',
  '>>',
  '=',
  '!=',
  '<',
  '<=',
  '>',
  '>=',
]);

/** Walks over the tokens, and tells by those ahead which rule of the grammar begins. */
export class TokenReader {
  readonly #source: Source;
  readonly #tokens: readonly Token[];
  #position = 0;
  #depth = 0;

  constructor(source: Source, tokens: readonly Token[]) {
    this.#source = source;
    this.#tokens = tokens;
  }

  get next(): Token {
    return this.#ahead(0);
  }

  get following(): Token {
    return this.#ahead(1);
  }

  /** Goes on to the next token, and gives the one before. */
  advance(): Token {
    const token = this.next;
    if (token.kind !== 'end') this.#position++;
    return token;
  }

  /** The next token, if it is one of these words. */
  take(...words: readonly string[]): Token | undefined {
    return this.next.kind === 'word' && words.includes(this.next.text) ? this.advance() : undefined;
  }

  takeOneOf(words: ReadonlySet<string>): Token | undefined {
    return this.next.kind === 'word' && words.has(this.next.text) ? this.advance() : undefined;
  }

  expect(word: string): Token {
    return this.take(word) ?? this.fail(word);
  }

  expectNumber(): Token {
    return this.expectKind('number', 'a number');
  }

  expectKind(kind: Token['kind'], expected: string): Token {
    return this.next.kind === kind ? this.advance() : this.fail(expected);
  }

  expectEnd(): void {
    if (this.next.kind !== 'end') this.fail('and, or, or the end');
  }

  /** Fails at the next token. */
  fail(expected: string): never {
    const { text, kind, at } = this.next;
    return this.#source.fail(at, `expected ${expected}, found ${kind === 'end' ? text : `"${text}"`}`);
  }

  /** Reads what stands within parentheses or behind a `not`. */
  nested<Result>(opened: Token, read: () => Result): Result {
    if (++this.#depth > DEEPEST) this.#source.fail(opened.at, `nested deeper than ${DEEPEST} levels`);
    const result = read();
    this.#depth--;
    return result;
  }

  /**
   * Whether numbers that are compared begin here. A parenthesis belongs to them where an operator follows behind its
   * end; otherwise it has tests, or values, in it.
   */
  startsArithmetic(): boolean {
    const { kind, text } = this.next;
    if (kind === 'number') return true;
    if (kind !== 'word') return false;
    if (text === '-' || text === 'len') return true;
    if (PROTOCOLS.has(text)) return this.#ahead(1).text === '[';
    return text === '(' && this.#isOperator(this.#behind(this.#position));
  }

  /** Whether a value without qualifiers begins here, perhaps behind parentheses and `not`. */
  startsValue(): boolean {
    let position = this.#position;
    while (this.#isWord(position, '(', 'not')) {
      if (this.#isWord(position, '(') && this.#isOperator(this.#behind(position))) return false;
      position++;
    }
    const token = this.#tokens[position]!;
    if (token.kind !== 'number') return token.kind !== 'word' && token.kind !== 'end';
    return !this.#isOperator(position + 1);
  }

  #isWord(position: number, ...words: string[]): boolean {
    const token = this.#tokens[position];
    return token?.kind === 'word' && words.includes(token.text);
  }

  #isOperator(position: number): boolean {
    const token = this.#tokens[position];
    return token?.kind === 'word' && ARITHMETIC.has(token.text);
  }

  /** The position behind the parenthesis that closes the one here. */
  #behind(position: number): number {
    let open = 0;
    for (let i = position; i < this.#tokens.length; i++) {
      if (this.#isWord(i, '(')) open++;
      else if (this.#isWord(i, ')') && --open === 0) return i + 1;
    }
    return this.#tokens.length;
  }

  #ahead(count: number): Token {
    return this.#tokens[Math.min(this.#position + count, this.#tokens.length - 1)]!;
  }
}
