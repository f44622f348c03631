import { parseArgs } from 'node:util';
import { disagreement, fuzzSet } from './fuzz-set.js';
import { caseText, shrink } from './fuzz-shrink.js';

/** A case is a packet; so many of them go to one rule set. */
const PACKETS = 100;
/** Milliseconds between two lines of progress. */
const PROGRESS = 5000;

const { values } = parseArgs({
  options: {
    cases: { type: 'string', default: '100000' },
    seed: { type: 'string', default: '1' },
    case: { type: 'string' },
  },
});
const seed = Number(values.seed);
const only = values.case === undefined ? undefined : Number(values.case);
const cases = only === undefined ? Number(values.cases) : 1;
if (![seed, cases, only ?? 0].every((value) => Number.isSafeInteger(value) && value >= 0)) {
  throw new Error('usage: npm run fuzz -- [--cases N] [--seed S] [--case K]');
}

const start = performance.now();
const first = only === undefined ? 0 : Math.floor(only / PACKETS);
let done = 0;
let rules = 0;
let sets = 0;
let disagreements = 0;
let told = start;

for (let index = first; done < cases; index++) {
  // One case takes the packets before it along, which limits and counters have seen.
  const wanted = only === undefined ? Math.min(PACKETS, cases - done) : PACKETS;
  const whole = fuzzSet(seed, index, PACKETS);
  const set = { ...whole, packets: whole.packets.slice(0, only === undefined ? wanted : (only % PACKETS) + 1) };
  const found = disagreement(set);
  if (found !== undefined) {
    disagreements++;
    const shrunk = shrink(set, found);
    const at = index * PACKETS + (found.packet ?? set.packets.length - 1);
    process.stdout.write(`${found.says}\n  npm run fuzz -- --seed ${seed} --case ${at}\n  ${caseText(shrunk)}\n`);
  }
  sets++;
  rules += set.ruleSet.rules.length;
  done += only === undefined ? wanted : 1;
  if (performance.now() - told > PROGRESS) {
    told = performance.now();
    const rate = Math.round(done / ((told - start) / 1000));
    process.stderr.write(
      `${done} of ${cases} cases, ${rate} a second, ${disagreements} rule sets with disagreements\n`,
    );
  }
}

const seconds = (performance.now() - start) / 1000;
process.stdout.write(
  `seed ${seed}: ${done} cases, ${sets} rule sets, ${rules} rules, ${disagreements} disagreements, ` +
    `${seconds.toFixed(1)} s, ${Math.round(done / seconds)} cases a second\n`,
);
process.exitCode = disagreements > 0 ? 1 : 0;
