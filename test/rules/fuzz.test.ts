import { expect, test } from 'vitest';
import { type RuleSet, validateRules } from '../../dist/rules/index.js';
import { REGRESSIONS } from './fuzz-regressions.js';
import { disagreement, fuzzSet } from './fuzz-set.js';
import { caseText, shrink } from './fuzz-shrink.js';

/** A share of what `npm run fuzz` does; the seed is none of those that are usually run. */
const SETS = process.env['XDPKIT_LONG'] ? 2000 : 40;
const PACKETS = 50;
const SEED = 77;

test('kernel, interpreter and reference agree on random rules and packets', { timeout: 3_600_000 }, () => {
  for (let index = 0; index < SETS; index++) {
    const set = fuzzSet(SEED, index, PACKETS);
    const found = disagreement(set);
    expect(found && caseText(shrink(set, found)), `set ${index}`).toBeUndefined();
  }
});

test('random rule sets are valid ones', () => {
  for (let index = 0; index < SETS; index++) expect(() => validateRules(fuzzSet(SEED, index, 0).ruleSet)).not.toThrow();
});

test.each(REGRESSIONS)('no more: $says', ({ rules, compact, sockets, packets }) => {
  const ruleSet: RuleSet = { rules };
  const bytes = packets.map((packet) => new Uint8Array(Buffer.from(packet, 'hex')));
  expect(disagreement({ ruleSet, compact, sockets, packets: bytes }, true)).toBeUndefined();
});
