import type { Definitions } from './definitions.js';
import { quoted } from './refusal.js';
import type { Word, WordEntry } from './word.js';

/** The built-in words of an interpreter. */
export class Vocabulary {
  readonly #words: ReadonlyMap<string, Word>;
  readonly #families: ReadonlySet<string>;

  constructor(words: readonly Word[]) {
    this.#words = new Map(words.map((word) => [word.name, word]));
    this.#families = new Set(words.flatMap(({ name }) => familyOf(name) ?? []));
  }

  get(name: string): Word | undefined {
    return this.#words.get(name);
  }

  /** These and the compound words, sorted by name. */
  entries(definitions: Definitions): WordEntry[] {
    const compounds = [...definitions.compounds].map(
      ([name, { line }]): WordEntry => ({ name, stack: quoted(line), help: 'a compound word' }),
    );
    return [...this.#words.values(), ...compounds].sort((a, b) => (a.name < b.name ? -1 : 1));
  }

  /** Whether a name begins as words of a subject do: if it is none, it is most likely mistyped. */
  looksLikeWord(name: string): boolean {
    return this.#families.has(familyOf(name) ?? '');
  }
}

/** What all words of a subject begin with: `tap.` of `tap.status`. */
function familyOf(name: string): string | undefined {
  return /^[a-z]{2,}\./.exec(name)?.[0];
}
