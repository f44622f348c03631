import { afterAll, describe, expect, test } from 'vitest';
import { loadProblems, type Match, RULE_LIMITS, type Rule, type RuleSet } from '../../dist/rules/index.js';
import { patient } from '../patience.js';
import { compiledOnce } from './compiled-once.js';
import { ACTIONS, EXPRESSIONS, FORMS, KINDS } from './largest-kinds.js';
import { LoadedRules } from './loading-kernel.js';

/** The largest sets of every kind take minutes; otherwise it is one set of all kinds, and the kinds that cost most. */
const long = process.env['XDPKIT_LONG'] !== undefined;
const TIMEOUT = { timeout: patient(300_000) };
const figures: string[] = [];

afterAll(() => console.log(figures.join('\n')));

function loads(kind: string, ruleSet: RuleSet): void {
  const start = performance.now();
  const compiled = compiledOnce(ruleSet);
  const between = performance.now();
  expect(loadProblems(ruleSet, compiled)).toEqual([]);
  using loaded = new LoadedRules(compiled);
  const { verifiedInstructions } = loaded.program.info;
  const [compiling, loading] = [between - start, performance.now() - between].map((time) => (time / 1000).toFixed(1));
  const { length } = compiled.program.instructions;
  figures.push(
    `${kind}: ${ruleSet.rules.length} rules, ${length} instructions, ${verifiedInstructions} walked; compiled in ${compiling} s, loaded in ${loading} s`,
  );
  expect(verifiedInstructions).toBeLessThan(1_000_000);
}

/** So many rules of so many conditions each. */
function setOf(
  rules: number,
  conditions: number,
  make: (n: number) => Match,
  form: (matches: readonly Match[]) => Match = FORMS['any']!,
): RuleSet {
  const rule = (r: number): Rule => ({
    match: form(Array.from({ length: conditions }, (_, i) => make(r * conditions + i))),
    action: r % 3 === 0 ? 'count' : 'drop',
  });
  return { rules: Array.from({ length: rules }, (_, r) => rule(r)) };
}

const { rules: RULES, conditions: CONDITIONS, conditionsPerRule: PER_RULE } = RULE_LIMITS;
/** Without what matches every packet: no rule would be tried behind it. */
const kinds = Object.entries(KINDS).flatMap(([kind, make]) => (kind === 'all' ? [] : [make]));
const costly = ['tcp-quic-flow-src-cid', 'inner-ipv6-dst-mask-udp', 'ip-protocol, sets'];

describe(`${RULES} rules with ${CONDITIONS} conditions load`, () => {
  test('of all kinds in turn', TIMEOUT, () =>
    loads(
      'all kinds',
      setOf(RULES, CONDITIONS / RULES, (n) => kinds[n % kinds.length]!(n)),
    ),
  );

  test.each(long ? Object.keys(KINDS) : ['tcp-quic-flow-src-cid'])('of %s', TIMEOUT, (kind) =>
    loads(kind, setOf(RULES, CONDITIONS / RULES, KINDS[kind]!)),
  );

  test.each(long ? Object.keys(FORMS) : [])('%s', TIMEOUT, (form) =>
    loads(
      form,
      setOf(RULES, CONDITIONS / RULES, (n) => kinds[n % kinds.length]!(n), FORMS[form]),
    ),
  );
});

describe.runIf(long)(`${CONDITIONS / PER_RULE} rules with ${PER_RULE} conditions each load`, () => {
  test.each(costly)('%s', TIMEOUT, (kind) =>
    loads(`${kind}, ${PER_RULE} in a rule`, setOf(CONDITIONS / PER_RULE, PER_RULE, KINDS[kind]!)),
  );
});

describe.runIf(long)('smaller sets load, which are written out for each class of packets', () => {
  test.each(Object.keys(KINDS))('of %s', TIMEOUT, (kind) => {
    // As large as it may be before it becomes one list: a program of one function, or of two with limits.
    for (const rules of [700, 350, 180, 90, 45]) {
      const ruleSet = setOf(rules, 4, KINDS[kind]!);
      if (compiledOnce(ruleSet).types !== undefined) continue;
      loads(`${kind}, for each class`, ruleSet);
      return;
    }
  });
});

const many = long ? RULES : 200;
describe(`${many} rules load`, () => {
  test.each(long ? Object.keys(ACTIONS) : ['limits of sources'])('of %s', TIMEOUT, (kind) => {
    const rules = Array.from(
      { length: many },
      (_, n): Rule => ({ match: { type: 'length', value: n }, action: ACTIONS[kind]!(n) }),
    );
    loads(kind, { rules });
  });
});

describe('expressions', () => {
  test.each(long ? Object.keys(EXPRESSIONS) : ['src net'])(
    '%s: as many as are not refused load; of more the rule is named',
    TIMEOUT,
    (kind) => {
      const whole = setOf(RULES, CONDITIONS / RULES, EXPRESSIONS[kind]!);
      const [problem] = loadProblems(whole, compiledOnce(whole));
      const most = problem === undefined ? RULES : problem.rule! - 1;
      if (problem !== undefined) expect(problem.message).toMatch(/^can't be loaded: .*instructions/);
      // The rule named is the one that passes the bound; what follows the rules takes some hundred instructions more.
      loads(`${kind}, as many as fit`, { rules: whole.rules.slice(0, most - 4) });
    },
  );
});

test('more sockets than a program may have maps for are refused, by rule', () => {
  const rules = Array.from(
    { length: 100 },
    (_, n): Rule => ({ match: { type: 'all' }, action: { redirect: { socket: `s${n}` } } }),
  );
  const ruleSet: RuleSet = { rules };
  expect(loadProblems(ruleSet, compiledOnce(ruleSet))).toEqual([
    expect.objectContaining({ rule: 64, path: 'rules.63.action', message: expect.stringContaining('101 maps') }),
  ]);
});
