import type { Item } from './item.js';
import { LIMITS } from './limits.js';
import { quoted, Refusal } from './refusal.js';
import { type Token, tokenize } from './tokens.js';

/** A word made of words. */
export interface Compound {
  /** As it was typed. */
  readonly line: string;
  readonly tokens: readonly Token[];
}

const NAME = /^[\x21-\x7e]+$/;

/** What somebody defined in a session: variables and compound words. */
export class Definitions {
  readonly variables: ReadonlyMap<string, Item>;
  readonly compounds: ReadonlyMap<string, Compound>;
  readonly #variables: Map<string, Item>;
  readonly #compounds: Map<string, Compound>;

  /** @param from definitions to begin with; they stay as they are */
  constructor(from?: Definitions) {
    this.variables = this.#variables = new Map(from?.variables);
    this.compounds = this.#compounds = new Map(from?.compounds);
  }

  /** @throws Refusal for a name that is none, and when there are too many variables */
  setVariable(name: string, value: Item): void {
    checkName(name);
    if (!this.#variables.has(name) && this.#variables.size >= LIMITS.variables) {
      throw new Refusal(`there are ${LIMITS.variables} variables already`);
    }
    this.#variables.set(name, value);
  }

  /** @throws Refusal for a name or a line that is none, and when there are too many compound words */
  setCompound(name: string, line: string): void {
    checkName(name);
    if (!this.#compounds.has(name) && this.#compounds.size >= LIMITS.compounds) {
      throw new Refusal(`there are ${LIMITS.compounds} compound words already`);
    }
    this.#compounds.set(name, { line, tokens: tokenize(line) });
  }
}

function checkName(name: string): void {
  if (NAME.test(name) && name.length <= LIMITS.name) return;
  throw new Refusal(`name ${quoted(name)} is not a name: 1 to ${LIMITS.name} printable ASCII characters`);
}
