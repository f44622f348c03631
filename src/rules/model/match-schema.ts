import { z } from 'zod';
import { text } from './field-schemas.js';
import type { AllMatch, AnyMatch, ExpressionMatch, Match, NotMatch } from './match.js';
import { packetMatches } from './packet-match-schema.js';
import { RULE_LIMITS } from './rule-set.js';
import type { Shape } from './shape.js';
import { windowsMatches } from './windows-match-schema.js';

const [first, ...others] = [...windowsMatches, ...packetMatches];
const typedMatch = z.discriminatedUnion('type', [first!, ...others]);

/** Matches in matches: JSON schema gets its reference by the id. */
export const matchSchema: z.ZodType<Match> = z
  .lazy(() =>
    z.union([typedMatch, allMatch, anyMatch, notMatch, expressionMatch], {
      error: 'has a type, or is all, any, not or expression',
    }),
  )
  .meta({ id: 'match', description: 'What a packet has to be.' });

const matches = z.array(matchSchema).min(1, { error: 'is an empty list' });

const allMatch = z
  .strictObject({ all: matches } satisfies Shape<AllMatch>)
  .meta({ description: 'Each of the matches is true.' });
const anyMatch = z
  .strictObject({ any: matches } satisfies Shape<AnyMatch>)
  .meta({ description: 'One of the matches is true, or more.' });
const notMatch = z
  .strictObject({ not: matchSchema } satisfies Shape<NotMatch>)
  .meta({ description: 'The match is not true.' });
const expressionMatch = z
  .strictObject({
    expression: text(
      new RegExp(`^[\\s\\S]{1,${RULE_LIMITS.expression}}$`),
      `a tcpdump expression of at most ${RULE_LIMITS.expression} characters`,
    ),
  } satisfies Shape<ExpressionMatch>)
  .meta({ description: 'A tcpdump filter expression (pcap-filter(7)).' });
