import { z } from 'zod';
import { actionSchema } from './action-schema.js';
import { text } from './field-schemas.js';
import { matchSchema } from './match-schema.js';
import { RULE_LIMITS, type Rule, type RuleSet } from './rule-set.js';
import type { Shape } from './shape.js';

const rule = z.strictObject({
  name: z.exactOptional(
    text(/^(?! )[ -~\u00a0-\uffff]{1,64}(?<! )$/, '1 to 64 printable characters without a space at either end'),
  ),
  match: matchSchema,
  action: actionSchema,
} satisfies Shape<Rule>);

export const ruleSetSchema: z.ZodType<RuleSet> = z.strictObject({
  $schema: z.exactOptional(z.string()),
  rules: z.array(rule).max(RULE_LIMITS.rules, {
    error: ({ input }) => `has ${(input as unknown[]).length} entries; ${RULE_LIMITS.rules} are the most`,
  }),
} satisfies Shape<RuleSet>);

/** The JSON schema of rule files, as it stands in `schema/rules.schema.json`. */
export function rulesJsonSchema(): Record<string, unknown> {
  const schema = z.toJSONSchema(ruleSetSchema, { io: 'input', unrepresentable: 'any' });
  return { ...schema, title: 'xdpkit rules' };
}
