import { EVERYTHING } from './build.js';
import type { Expression, Relation } from './tree.js';

/** What is known to stand at places of the frame by now: {@link placeOf}, and the number there. */
type Facts = ReadonlyMap<string, number>;

interface Simplified {
  readonly expression: Expression;
  /** What is known where it is true. */
  readonly facts: Facts;
}

const NOTHING: Expression = { kind: 'any', operands: [] };

/**
 * Leaves out tests whose outcome is known from those before them: `ip and tcp[13] = 2` asks three times for the EtherType of
 * IPv4, and once for that of IPv6. Verdicts stay as they are: what is left out has no load that could reject.
 */
export function simplify(expression: Expression): Expression {
  return simplified(expression, new Map()).expression;
}

function simplified(expression: Expression, facts: Facts): Simplified {
  switch (expression.kind) {
    case 'all':
      return simplifiedAll(expression.operands, facts);
    case 'any':
      return simplifiedAny(expression.operands, facts);
    case 'not': {
      const { expression: operand } = simplified(expression.operand, facts);
      if (isConstant(operand)) return { expression: isEverything(operand) ? NOTHING : EVERYTHING, facts };
      return { expression: { kind: 'not', operand }, facts };
    }
    case 'relation':
      return simplifiedRelation(expression, facts);
  }
}

function simplifiedAll(operands: readonly Expression[], facts: Facts): Simplified {
  const left: Expression[] = [];
  let known = facts;
  for (const operand of operands) {
    const outcome = simplified(operand, known);
    known = outcome.facts;
    if (isEverything(outcome.expression)) continue;
    left.push(outcome.expression);
    // What stood before may reject, and has to stay.
    if (isNothing(outcome.expression)) break;
  }
  return { expression: left.length === 1 ? left[0]! : { kind: 'all', operands: left }, facts: known };
}

function simplifiedAny(operands: readonly Expression[], facts: Facts): Simplified {
  const left: Simplified[] = [];
  for (const operand of operands) {
    const outcome = simplified(operand, facts);
    if (isNothing(outcome.expression)) continue;
    left.push(outcome);
    if (isEverything(outcome.expression)) break;
  }
  if (left.length === 1) return left[0]!;
  return { expression: { kind: 'any', operands: left.map((outcome) => outcome.expression) }, facts };
}

function simplifiedRelation(relation: Relation, facts: Facts): Simplified {
  const place = placeOf(relation);
  if (place === undefined || relation.right.kind !== 'number') return { expression: relation, facts };
  const expected = relation.right.value;
  const actual = facts.get(place);
  if (actual === undefined) {
    const isKnown = relation.operator === '=';
    return { expression: relation, facts: isKnown ? new Map([...facts, [place, expected]]) : facts };
  }
  return { expression: (actual === expected) === (relation.operator === '=') ? EVERYTHING : NOTHING, facts };
}

/** Of a test for equality: which bits of which bytes it looks at. Undefined where their place depends on the frame. */
function placeOf({ operator, left }: Relation): string | undefined {
  if (operator !== '=' && operator !== '!=') return undefined;
  const masked = left.kind === 'operation' && left.operator === '&' && left.right.kind === 'number';
  const load = masked ? left.left : left;
  if (load.kind !== 'load' || load.index !== undefined) return undefined;
  const mask = masked && left.right.kind === 'number' ? left.right.value : 0xffffffff;
  return `${load.size} bytes at ${load.offset} & ${mask}`;
}

function isConstant(expression: Expression): boolean {
  return isEverything(expression) || isNothing(expression);
}

function isEverything(expression: Expression): boolean {
  return expression.kind === 'all' && expression.operands.length === 0;
}

function isNothing(expression: Expression): boolean {
  return expression.kind === 'any' && expression.operands.length === 0;
}
