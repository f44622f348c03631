import { R6 } from '../ebpf/index.js';
import { XdpError } from '../sys/index.js';
import { type CompiledRules, type CompileOptions, compileRules, type EmitExpression } from './compiler/index.js';
import { type Expression, emitExpression, matchesExpression, parseExpression } from './expression/index.js';
import type { ExpressionReader, RuleSet } from './model/index.js';
import type { ExpressionTest } from './reference/index.js';

/** What a primitive such as `port 443` comes to, more or less: comparisons of fields. */
const COMPARISONS_OF_A_CONDITION = 8;

/**
 * Reads a tcpdump expression for `readRules` and `validateRules`. @returns what it counts for: a condition for eight
 * comparisons of fields, or fewer
 *
 * @throws XDP_ERR_EXPRESSION
 */
export const expressionConditions: ExpressionReader = (text) =>
  Math.max(1, Math.ceil(relationsIn(parseExpression(text)) / COMPARISONS_OF_A_CONDITION));

/**
 * What tells `evaluateRules` and `explainRules` whether tcpdump expressions are true of a frame. Each text is parsed once.
 *
 * @throws XDP_ERR_EXPRESSION, when it is called, for a text that is none
 */
export function expressionTest(): ExpressionTest {
  const parsed = new Map<string, Expression>();
  return (text, frame) => {
    const expression = parsed.get(text) ?? parseExpression(text);
    parsed.set(text, expression);
    return matchesExpression(expression, frame);
  };
}

/**
 * Compiles a rule set, which has been validated, with the tcpdump expressions in it: see `compileRules`.
 *
 * @throws XDP_ERR_EXPRESSION, XDP_ERR_ASSEMBLER for more than fits into a program
 */
export function compileRuleSet(ruleSet: RuleSet, options: Omit<CompileOptions, 'emitExpression'> = {}): CompiledRules {
  return compileRules(ruleSet, { ...options, emitExpression: emitInRules });
}

const emitInRules: EmitExpression = (assembler, text, { start, end, stackEnd, yes, no, next }) => {
  if (start !== R6) throw new XdpError('XDP_ERR_INTERNAL', `expressions want the frame in r6, not ${start}`);
  emitExpression(
    assembler,
    parseExpression(text),
    { match: yes, noMatch: no, next },
    { stack: stackEnd, end, shortFirst: true },
  );
};

function relationsIn(expression: Expression): number {
  switch (expression.kind) {
    case 'all':
    case 'any':
      return expression.operands.reduce((sum, operand) => sum + relationsIn(operand), 0);
    case 'not':
      return relationsIn(expression.operand);
    case 'relation':
      return 1;
  }
}
