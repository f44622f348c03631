/**
 * A tcpdump expression after parsing: tests of numbers that stand in the frame. Names, qualifiers and what `vlan`, `mpls` and
 * `pppoes` do to the offsets are resolved; what is left can be evaluated, or compiled, without knowing any protocol.
 *
 * The meaning is that of the classic BPF program which libpcap makes of the text:
 *
 * - A test is true, false, or *rejects*. Where one rejects, the whole expression is false at once, also under a `not`.
 * - Operands of `all` and `any` are tested in their order, and only until the outcome is known: what is behind is not
 *   looked at and can't reject.
 * - Both sides of a relation, or of an operation, are always evaluated.
 */
export type Expression =
  /** True where every operand is; without operands true. */
  | { readonly kind: 'all'; readonly operands: readonly Expression[] }
  /** True where one operand is; without operands false. */
  | { readonly kind: 'any'; readonly operands: readonly Expression[] }
  | { readonly kind: 'not'; readonly operand: Expression }
  | Relation;

/** Compares two unsigned numbers of 32 bits. */
export interface Relation {
  readonly kind: 'relation';
  readonly operator: RelationOperator;
  readonly left: Arithmetic;
  readonly right: Arithmetic;
}

export type RelationOperator = '=' | '!=' | '<' | '<=' | '>' | '>=';

/**
 * An unsigned number of 32 bits. Additions, subtractions, products and negations wrap around. Division and remainder
 * by zero reject. Shifts by 32 and more give 0. `/`, `%` and `>>` are unsigned.
 */
export type Arithmetic =
  /** 0 to 4294967295. */
  | { readonly kind: 'number'; readonly value: number }
  /** The length of the frame in bytes, from the destination address on, without the checksum at its end. */
  | { readonly kind: 'length' }
  | Load
  | { readonly kind: 'negation'; readonly operand: Arithmetic }
  | Operation;

export interface Operation {
  readonly kind: 'operation';
  readonly operator: ArithmeticSign;
  readonly left: Arithmetic;
  readonly right: Arithmetic;
}

export type ArithmeticSign = '+' | '-' | '*' | '/' | '%' | '&' | '|' | '^' | '<<' | '>>';

/**
 * The number in network byte order at `offset + index` from the beginning of the frame, where this sum does not wrap.
 * Rejects unless all `size` bytes are within the frame.
 */
export interface Load {
  readonly kind: 'load';
  readonly size: 1 | 2 | 4;
  /** 0 to 4294967295. */
  readonly offset: number;
  readonly index?: Arithmetic | undefined;
}
