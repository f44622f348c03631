import { isIPv6 } from 'node:net';
import type { Source } from './source.js';
import { CONSTANTS, KEYWORDS, SAME_WORDS } from './words.js';

/**
 * - `word`: a keyword or an operator, under the name that {@link SAME_WORDS} gives it
 * - `number`: `80`, `0x50`, `0120` or a named constant
 * - `ipv4`: two to four numbers with dots between them
 * - `mac`, `ipv6`: an address
 * - `name`: anything else that looks like a name, or whatever follows a backslash
 * - `end`: behind the last one
 */
export interface Token {
  readonly kind: 'word' | 'number' | 'ipv4' | 'ipv6' | 'mac' | 'name' | 'end';
  readonly text: string;
  /** Of a number: 0 to 4294967295. */
  readonly value: number;
  /** Where in the text, from 0. */
  readonly at: number;
}

/** More than a thousand alternatives, and yet what a recursive walk over the tree can take. */
const MOST_TOKENS = 8192;

const BYTE = '[0-9A-Fa-f]{1,2}';
const PATTERNS = {
  mac: new RegExp(
    `${BYTE}(?::${BYTE}){5}|${BYTE}(?:-${BYTE}){5}|${BYTE}(?:\\.${BYTE}){5}|[0-9A-Fa-f]{4}(?:\\.[0-9A-Fa-f]{4}){2}|[0-9A-Fa-f]{12}`,
    'y',
  ),
  number: /0[xX][0-9A-Fa-f]+|[0-9]+/y,
  ipv4: /[0-9]+(?:\.[0-9]+){1,3}/y,
  ipv6: /[0-9A-Fa-f]{0,4}(?::[0-9A-Fa-f]{0,4}){2,8}(?:(?<=:[0-9]{1,3})(?:\.[0-9]{1,3}){3})?/y,
  name: /[A-Za-z0-9](?:[-_.A-Za-z0-9]*[.A-Za-z0-9])?/y,
} as const;
const SPACE = /[ \r\n\t]*/y;
const OPERATOR = /&&|\|\||>=|<=|!=|==|<<|>>|[-+*/%:[\]!<>()&|^=]/y;
const ESCAPED = /\\([^ !()\n\t]+)/y;

/** The words of an expression: of everything that fits at a place the longest, and among equally long ones the first. */
export function tokensOf(source: Source): Token[] {
  const tokens: Token[] = [];
  for (let at = space(source, 0); at < source.text.length; at = space(source, at)) {
    if (tokens.length >= MOST_TOKENS) source.fail(at, `an expression has at most ${MOST_TOKENS} words`);
    const { token, length } = next(source, at);
    tokens.push(token);
    at += length;
  }
  tokens.push({ kind: 'end', text: 'the end', value: 0, at: source.text.length });
  return tokens;
}

function space({ text }: Source, at: number): number {
  return at + matched(SPACE, text, at).length;
}

function next(source: Source, at: number): { token: Token; length: number } {
  let text = '';
  let kind: keyof typeof PATTERNS | undefined;
  for (const [name, pattern] of Object.entries(PATTERNS)) {
    const found = matched(pattern, source.text, at);
    if (found.length <= text.length || (name === 'ipv6' && !isIPv6(found))) continue;
    [kind, text] = [name as keyof typeof PATTERNS, found];
  }
  if (kind === undefined) return special(source, at);
  const { length } = text;
  if (kind === 'name' && KEYWORDS.has(text)) return { token: word(text, at), length };
  const constant = kind === 'name' && Object.hasOwn(CONSTANTS, text) ? CONSTANTS[text] : undefined;
  if (constant !== undefined) return { token: { kind: 'number', text, value: constant, at }, length };
  return { token: { kind, text, value: kind === 'number' ? numberOf(source, text, at) : 0, at }, length };
}

/** An operator, or a name behind a backslash. */
function special(source: Source, at: number): { token: Token; length: number } {
  const operator = matched(OPERATOR, source.text, at);
  if (operator !== '') return { token: word(operator, at), length: operator.length };
  const escaped = matched(ESCAPED, source.text, at);
  if (escaped === '') source.fail(at, `${JSON.stringify(source.text[at])} has no meaning`);
  return { token: { kind: 'name', text: escaped.slice(1), value: 0, at }, length: escaped.length };
}

function word(text: string, at: number): Token {
  return { kind: 'word', text: SAME_WORDS[text] ?? text, value: 0, at };
}

function matched(pattern: RegExp, text: string, at: number): string {
  pattern.lastIndex = at;
  return pattern.exec(text)?.[0] ?? '';
}

function numberOf(source: Source, text: string, at: number): number {
  const octal = /^0[0-9]/.test(text);
  if (octal && /[89]/.test(text)) source.fail(at, `${text} is no octal number, as the zero before it says`);
  const value = octal ? Number.parseInt(text, 8) : Number(text);
  if (value > 0xffffffff) source.fail(at, `${text} does not fit in 32 bits`);
  return value;
}
