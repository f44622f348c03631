import { all, any, EVERYTHING, not } from './build.js';
import type { Token } from './lexer.js';
import { tokensOf } from './lexer.js';
import { LinkLayer } from './link-layer.js';
import { OTHERS, otherPrimitive } from './other-primitives.js';
import { isProtocol } from './protocols.js';
import type { Direction, Qualifiers } from './qualifiers.js';
import { Relations } from './relations.js';
import { Source } from './source.js';
import { TokenReader } from './token-reader.js';
import type { Expression } from './tree.js';
import { Values } from './values.js';
import { PROTOCOLS } from './words.js';

/** A part, and the qualifiers that a bare value behind it takes. */
interface Parsed {
  readonly test: Expression;
  readonly qualifiers: Qualifiers | undefined;
}

const KINDS = ['host', 'net', 'port', 'portrange', 'proto'] as const;

/**
 * Parses what tcpdump takes as a filter (pcap-filter(7)), for Ethernet frames. An empty text matches everything.
 *
 * Everything is resolved here: names of ports and protocols by a table of everyday ones, hosts not at all. What depends on
 * more than the frame is an error, and so are `protochain`, `geneve`, `llc`, and what other media than Ethernet have. Other than
 * tcpdump it takes expressions that no frame can match, and `host ((A or B) and C)`; and it refuses `ip broadcast`, for which
 * tcpdump makes a netmask up.
 *
 * Verdicts are those of tcpdump, mistakes included: the right side of an operator does not check its protocol, so that
 * `len - ip[8] = 0` can be true of ARP. Only where a frame ends within what is looked at, the order of tests matters: it is that
 * of the text (`tcpdump -O`), while libpcap's optimizer may change it.
 *
 * ```ts
 * const expression = parseExpression('udp port 443 and src net 10.0.0.0/8');
 * ```
 *
 * @throws XDP_ERR_EXPRESSION with the column and what was expected there; the advice shows the place
 */
export function parseExpression(text: string): Expression {
  return new Parser(text).parse();
}

/**
 * The grammar of libpcap. `and` and `or` bind equally, from left to right; `not` binds to what follows right behind it.
 * Tests are made in the order of the text, because `vlan` and its kind move what follows.
 */
class Parser {
  readonly #source: Source;
  readonly #tokens: TokenReader;
  readonly #link: LinkLayer;
  readonly #values: Values;
  readonly #relations: Relations;

  constructor(text: string) {
    this.#source = new Source(text);
    this.#tokens = new TokenReader(this.#source, tokensOf(this.#source));
    this.#link = new LinkLayer(this.#source);
    this.#values = new Values(this.#source, this.#link);
    this.#relations = new Relations(this.#source, this.#tokens, this.#link);
  }

  parse(): Expression {
    if (this.#tokens.next.kind === 'end') return EVERYTHING;
    const { test } = this.#expression(undefined);
    this.#tokens.expectEnd();
    return test;
  }

  #expression(qualifiers: Qualifiers | undefined): Parsed {
    return this.#chain(this.#term(qualifiers), (before) => {
      return this.#tokens.startsValue() ? this.#value(before) : this.#term(before);
    });
  }

  /** Parts with `and` and `or` between them. A run of the same is joined at once, or long ones would take long. */
  #chain(first: Parsed, part: (qualifiers: Qualifiers | undefined) => Parsed): Parsed {
    let run = [first.test];
    let joinOfRun = '';
    let { qualifiers } = first;
    const joined = () => (joinOfRun === 'or' ? any(...run) : all(...run));
    for (;;) {
      const join = this.#tokens.take('and', 'or');
      if (join === undefined) return { test: joined(), qualifiers };
      if (join.text !== joinOfRun) run = [joined()];
      joinOfRun = join.text;
      const right = part(qualifiers);
      run.push(right.test);
      qualifiers = right.qualifiers;
    }
  }

  #term(before: Qualifiers | undefined): Parsed {
    const negated = this.#tokens.take('not');
    if (negated) {
      const { test, qualifiers } = this.#tokens.nested(negated, () => this.#term(before));
      return { test: not(test), qualifiers };
    }
    if (this.#tokens.startsArithmetic()) return { test: this.#relations.relation(), qualifiers: undefined };
    const opened = this.#tokens.take('(');
    if (!opened) return this.#primitive();
    const { test } = this.#tokens.nested(opened, () => this.#expression(before));
    this.#tokens.expect(')');
    return { test, qualifiers: before };
  }

  #primitive(): Parsed {
    const first = this.#tokens.next;
    const protocol = this.#tokens.takeOneOf(PROTOCOLS);
    const other = this.#tokens.takeOneOf(OTHERS);
    if (other) {
      const test = otherPrimitive(this.#source, this.#tokens, this.#link, other, protocol);
      return { test, qualifiers: undefined };
    }
    const direction = this.#direction();
    const kind = this.#tokens.take(...KINDS);
    if (kind?.text === 'proto' && direction) this.#source.fail(kind.at, 'proto has no direction');
    if (direction || kind) {
      const name = (kind?.text ?? 'host') as Qualifiers['kind'];
      return this.#value({ protocol: protocol?.text, direction, kind: name });
    }
    if (protocol) {
      return { test: isProtocol(this.#source, this.#link, first.at, protocol.text), qualifiers: undefined };
    }
    return this.#tokens.fail('a primitive such as host, net, port, tcp or ether[0] = 1');
  }

  /** `src`, `dst`, or both with `and` or `or` between them. */
  #direction(): Direction | undefined {
    const first = this.#tokens.take('src', 'dst');
    if (!first) return undefined;
    const second = first.text === 'src' ? 'dst' : 'src';
    if (this.#tokens.following.text !== second) return first.text as Direction;
    const join = this.#tokens.take('and', 'or');
    if (!join) return first.text as Direction;
    this.#tokens.expect(second);
    return join.text === 'and' ? 'both' : 'either';
  }

  /** A value, or several in parentheses. */
  #value(qualifiers: Qualifiers | undefined): Parsed {
    const { next } = this.#tokens;
    if (qualifiers === undefined) {
      return this.#source.fail(next.at, `expected a qualifier such as host or port before "${next.text}"`);
    }
    const negated = this.#tokens.take('not');
    if (negated) {
      const { test } = this.#tokens.nested(negated, () => this.#value(qualifiers));
      return { test: not(test), qualifiers };
    }
    const opened = this.#tokens.take('(');
    if (!opened) return { test: this.#singleValue(this.#tokens.advance(), qualifiers), qualifiers };
    const inside = this.#tokens.nested(opened, () => {
      return this.#chain(this.#value(qualifiers), () => this.#value(qualifiers));
    });
    this.#tokens.expect(')');
    return inside;
  }

  #singleValue(token: Token, qualifiers: Qualifiers): Expression {
    switch (token.kind) {
      case 'number':
        return this.#values.number(token, qualifiers);
      case 'name':
        return this.#values.name(token, qualifiers);
      case 'mac':
        return this.#values.mac(token, qualifiers);
      case 'ipv4': {
        if (this.#tokens.take('/')) return this.#values.ipv4Prefix(token, this.#tokens.expectNumber(), qualifiers);
        if (!this.#tokens.take('mask')) return this.#values.ipv4(token, qualifiers);
        return this.#values.ipv4Mask(token, this.#tokens.expectKind('ipv4', 'a mask such as 255.0.0.0'), qualifiers);
      }
      case 'ipv6': {
        const prefix = this.#tokens.take('/') ? this.#tokens.expectNumber() : undefined;
        return this.#values.ipv6(token, prefix, qualifiers);
      }
      default: {
        const hint = token.kind === 'word' && /^[a-z]/.test(token.text) ? `; as a name it is \\${token.text}` : '';
        return this.#source.fail(token.at, `expected a ${qualifiers.kind}, found ${token.text}${hint}`);
      }
    }
  }
}
