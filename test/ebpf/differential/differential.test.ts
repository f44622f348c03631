import { afterAll, beforeAll, expect, it } from 'vitest';
import { possibleCpus } from '../../../dist/kernel/index.js';
import { calls } from '../../../dist/sys/index.js';
import { difference } from './compare.js';
import { Coverage } from './coverage.js';
import { InterpreterWorld } from './interpreter-world.js';
import { KernelWorld } from './kernel-world.js';
import { RANDOM_MAPS } from './map-specs.js';

/** XDPKIT_LONG=1 runs 100,000 programs; XDPKIT_SEED=n runs the one of that seed. */
const SEED = process.env['XDPKIT_SEED'];
const LONG = process.env['XDPKIT_LONG'] !== undefined;
const COUNT = SEED !== undefined ? 1 : LONG ? 100_000 : 2_000;
const FIRST = Number(SEED ?? 0);

let kernel: KernelWorld;
beforeAll(() => {
  // Programs see the number of their CPU, and its values of per-CPU maps.
  calls.setAffinity([0]);
  kernel = new KernelWorld(RANDOM_MAPS);
});
afterAll(() => kernel[Symbol.dispose]());

it(
  `does in the interpreter what ${COUNT} random programs do in the kernel`,
  () => {
    const cpus = possibleCpus();
    const coverage = new Coverage();
    const interpreter = new InterpreterWorld(RANDOM_MAPS, cpus, { onStep: coverage.step });
    const differences: string[] = [];
    for (let seed = FIRST; seed < FIRST + COUNT && differences.length < 3; seed++) {
      const text = difference(seed, cpus, kernel, interpreter);
      if (text !== undefined) differences.push(text);
      if (LONG && seed % 10_000 === 9_999) console.log(`${seed + 1} programs, ${coverage.steps} instructions`);
    }
    expect(differences.join('\n\n')).toBe('');
    // Every instruction that XDP programs can have, and every helper, ran in some program.
    if (SEED === undefined) expect(coverage.missing()).toEqual([]);
  },
  LONG ? 7_200_000 : 120_000,
);
