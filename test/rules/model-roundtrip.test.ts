import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { readRules, rulesJsonSchema, validateRules, writeRules } from '../../dist/rules/index.js';
import { MATCH_TYPES, ruleSets, typedMatch } from './model-arbitrary.js';

const WINDOWS = [
  'all udp udp-dst ipv4-dst-mask ipv6-dst-mask quic-flow-src-cid quic-flow-dst-cid ipv4-udp-tuple ipv6-udp-tuple',
  'udp-port-set ipv4-udp-port-set ipv6-udp-port-set ipv4-tcp-port-set ipv6-tcp-port-set tcp-dst tcp-quic-flow-src-cid',
  'tcp-quic-flow-dst-cid tcp-control-dst ip-next-header inner-ipv4-dst-mask-udp inner-ipv6-dst-mask-udp',
  'icmpv4-echo-reply-ip-dst icmpv6-echo-reply-ip-dst',
].flatMap((line) => line.split(' '));

test('a canonical rule set is valid, and stays as it is', () => {
  fc.assert(
    fc.property(ruleSets(), (ruleSet) => {
      expect(validateRules(ruleSet)).toEqual(ruleSet);
    }),
  );
});

test.each(['yaml', 'json'] as const)('what is written as %s is read again as it was', (format) => {
  fc.assert(
    fc.property(ruleSets(), (ruleSet) => {
      const text = writeRules(ruleSet, format);
      expect(readRules(text)).toEqual(ruleSet);
      expect(writeRules(readRules(text), format)).toBe(text);
    }),
  );
});

test('every type can be read, the 23 of XDP for Windows among them', () => {
  expect(WINDOWS).toHaveLength(23);
  expect(MATCH_TYPES).toEqual(expect.arrayContaining(WINDOWS));
  const documented = readFileSync(new URL('../../docs/rules.md', import.meta.url), 'utf8');
  for (const type of MATCH_TYPES) expect(documented).toContain(`\`${type}\``);
  const seen = new Set<string>();
  fc.assert(
    fc.property(typedMatch, (match) => {
      seen.add(match.type);
      expect(validateRules({ rules: [{ match, action: 'drop' }] }).rules[0]?.match).toEqual(match);
    }),
    { numRuns: 2000 },
  );
  expect([...seen].sort()).toEqual([...MATCH_TYPES].sort());
});

test('no member may be missing that has no default, and none may be there that is not known', () => {
  const optional = new Set([
    'offset',
    'tag',
    'id',
    'part',
    'side',
    'set',
    'clear',
    'icmpType',
    'code',
    'form',
    'version',
  ]);
  for (const name of ['packet', 'from', 'mask']) optional.add(name);
  fc.assert(
    fc.property(typedMatch, fc.nat(), (match, choice) => {
      const rule = (other: object) => () => validateRules({ rules: [{ match: other, action: 'drop' }] });
      expect(rule({ ...match, sort: 1 })).toThrow('unknown member "sort"');
      const names = Object.keys(match).filter((name) => {
        if (match.type === 'port' && name === 'protocol') return false;
        return !optional.has(name) || (name === 'mask' && match.type !== 'bytes');
      });
      const { [names[choice % names.length] as 'type']: gone, ...rest } = match;
      expect(gone).toBeDefined();
      expect(rule(rest)).toThrow(gone === match.type ? /has a type, or is all/ : / is missing$/);
    }),
  );
});

test('schema/rules.schema.json is what npm run schema writes', () => {
  const file = readFileSync(new URL('../../schema/rules.schema.json', import.meta.url), 'utf8');
  expect(JSON.parse(file)).toEqual(JSON.parse(JSON.stringify(rulesJsonSchema())));
});
