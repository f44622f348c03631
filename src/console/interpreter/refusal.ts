import { printable } from './printable.js';

/** Longer operands are cut in messages. */
const SHOWN = 64;

/** Why a word can't do what it was asked. The word's name comes to it by and by: {@link WordFailure}. */
export class Refusal extends Error {
  override readonly name: string = 'Refusal';
}

/** A word that failed: the message names the place, the word, and the operand, as far as there is one. */
export class WordFailure extends Error {
  override readonly name: string = 'WordFailure';
  /** Empty when the line could not be read at all. */
  readonly word: string;
  readonly #reason: string;
  readonly #place: string | undefined;

  constructor(word: string, reason: string, options: ErrorOptions = {}, place?: string) {
    const parts = [place, word].filter((part) => part !== undefined && part !== '');
    super([...parts.map((part) => quoted(part!).slice(1, -1)), reason].join(': '), options);
    this.word = word;
    this.#reason = reason;
    this.#place = place;
  }

  /** The same at a place, unless it has one already. */
  at(place: string): WordFailure {
    if (this.#place !== undefined || place === this.word) return this;
    return new WordFailure(this.word, this.#reason, { cause: this.cause }, place);
  }
}

/** An operand as messages show it. */
export function quoted(text: string): string {
  return printable(JSON.stringify(text.length > SHOWN ? `${text.slice(0, SHOWN)}…` : text));
}
