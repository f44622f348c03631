import { all, negation, number, numbersAtOnce, operation, relation } from './build.js';
import { byteAccess, type Guarded } from './byte-access.js';
import type { Token } from './lexer.js';
import type { LinkLayer } from './link-layer.js';
import type { Source } from './source.js';
import type { TokenReader } from './token-reader.js';
import type { ArithmeticSign, Expression, Load, RelationOperator } from './tree.js';
import { PROTOCOLS } from './words.js';

/**
 * How tightly an operator binds. `^` and `%` have no rank in libpcap's grammar: what is right of them, and any of them right
 * of another operator, is taken together first. `7 * len % 2` is `7 * (len % 2)`.
 */
const RANKS: Readonly<Record<ArithmeticSign, number | undefined>> = {
  '|': 1,
  '&': 2,
  '<<': 3,
  '>>': 3,
  '+': 4,
  '-': 4,
  '*': 5,
  '/': 5,
  '^': undefined,
  '%': undefined,
};
const MINUS_RANK = 6;
const SIGNS: ReadonlySet<string> = new Set(Object.keys(RANKS));
const RELATIONS = ['=', '!=', '<', '<=', '>', '>='] as const;
/** libpcap has as many places for them (BPF_MEMWORDS). */
const MOST_NUMBERS = 16;
/** Operators in a row, without parentheses. */
const MOST_OPERATORS = 200;

/** Reads relations between numbers: `tcp[13] & 7 != 0`. */
export class Relations {
  readonly #source: Source;
  readonly #tokens: TokenReader;
  readonly #link: LinkLayer;

  constructor(source: Source, tokens: TokenReader, link: LinkLayer) {
    this.#source = source;
    this.#tokens = tokens;
    this.#link = link;
  }

  relation(): Expression {
    const { at } = this.#tokens.next;
    const left = this.#arithmetic();
    const operator = this.#tokens.take(...RELATIONS) ?? this.#tokens.fail('a comparison such as = or >');
    const right = this.#arithmetic();
    if (Math.max(numbersAtOnce(left.value), 1 + numbersAtOnce(right.value)) > MOST_NUMBERS) {
      this.#source.fail(at, `more than ${MOST_NUMBERS} numbers would have to be kept at once to compute this`);
    }
    return all(...left.guards, ...right.guards, relation(operator.text as RelationOperator, left.value, right.value));
  }

  /** @param rank of the operator on the left side of it: 0 for none, undefined for one without a rank */
  #arithmetic(rank: number | undefined = 0): Guarded {
    let left = this.#operand();
    for (let count = 0; SIGNS.has(this.#tokens.next.text) && this.#tokens.next.kind === 'word'; count++) {
      const sign = this.#tokens.next.text as ArithmeticSign;
      const ownRank = RANKS[sign];
      if (rank !== undefined && ownRank !== undefined && ownRank <= rank) break;
      const token = this.#tokens.advance();
      if (count >= MOST_OPERATORS) this.#source.fail(token.at, `more than ${MOST_OPERATORS} operators in a row`);
      const right = this.#tokens.nested(token, () => this.#arithmetic(ownRank));
      left = this.#operation(token, sign, left, right);
    }
    return left;
  }

  /** What the right operand needs is not asked for: libpcap forgets it, so that `len - ip[8] = 0` is tested for ARP too. */
  #operation({ at }: Token, sign: ArithmeticSign, left: Guarded, right: Guarded): Guarded {
    if (right.value.kind === 'number') {
      const { value } = right.value;
      if ((sign === '/' || sign === '%') && value === 0) this.#source.fail(at, 'a division by zero');
      if ((sign === '<<' || sign === '>>') && value > 31)
        this.#source.fail(at, `a shift by ${value}, more than 31 bits`);
    }
    return { value: operation(sign, left.value, right.value), guards: left.guards };
  }

  #operand(): Guarded {
    const token = this.#tokens.next;
    if (token.kind === 'number') {
      this.#tokens.advance();
      return { value: number(token.value), guards: [] };
    }
    if (this.#tokens.take('len')) return { value: { kind: 'length' }, guards: [] };
    if (this.#tokens.take('-')) {
      const { value, guards } = this.#tokens.nested(token, () => this.#arithmetic(MINUS_RANK));
      return { value: negation(value), guards };
    }
    if (this.#tokens.take('(')) {
      const inside = this.#tokens.nested(token, () => this.#arithmetic());
      this.#tokens.expect(')');
      return inside;
    }
    const protocol = this.#tokens.takeOneOf(PROTOCOLS);
    if (!protocol) return this.#tokens.fail('a number, len, or bytes of a protocol such as tcp[13]');
    return this.#bytes(protocol);
  }

  #bytes(protocol: Token): Guarded {
    const opened = this.#tokens.expect('[');
    const index = this.#tokens.nested(opened, () => this.#arithmetic());
    const size = this.#tokens.take(':') ? this.#size() : 1;
    this.#tokens.expect(']');
    return byteAccess(this.#source, this.#link, protocol.at, protocol.text, index, size);
  }

  #size(): Load['size'] {
    const { value, at } = this.#tokens.expectNumber();
    if (value !== 1 && value !== 2 && value !== 4) this.#source.fail(at, `expected 1, 2 or 4 bytes, found ${value}`);
    return value;
  }
}
