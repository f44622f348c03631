import { Refusal } from './refusal.js';

export interface Token {
  readonly text: string;
  /** A quoted one is an item, whatever words there are. */
  readonly quoted: boolean;
}

// A quoted item, a comment up to the end of the line, or a run of other characters. A quote within a run is its part.
const TOKEN = /"((?:[^"\\]|\\[\s\S])*)("?)|#[^\n]*|[^\s"#][^\s#]*/gy;
const SPACE = /\s*/y;

/**
 * The tokens of a line. `"` encloses an item with spaces, in which `\"` and `\\` stand for a quote and a backslash; `#`
 * outside of quotes starts a comment.
 *
 * @throws Refusal for a quote that is not closed, or runs into what follows
 */
export function tokenize(line: string): Token[] {
  const tokens: Token[] = [];
  for (let at = skipSpace(line, 0); at < line.length; at = skipSpace(line, at)) {
    TOKEN.lastIndex = at;
    const match = TOKEN.exec(line);
    // Only a quoted text that ends with a backslash is none of the three.
    if (match === null) throw new Refusal('a quote is not closed');
    const [text, content, closing] = match;
    at = TOKEN.lastIndex;
    if (text.startsWith('#')) continue;
    if (content === undefined) {
      tokens.push({ text, quoted: false });
      continue;
    }
    if (closing === '') throw new Refusal('a quote is not closed');
    if (/[^\s#]/.test(line.charAt(at))) throw new Refusal('a space has to follow the closing quote');
    tokens.push({ text: content.replaceAll(/\\(["\\])/g, '$1'), quoted: true });
  }
  return tokens;
}

function skipSpace(line: string, at: number): number {
  SPACE.lastIndex = at;
  SPACE.exec(line);
  return SPACE.lastIndex;
}
