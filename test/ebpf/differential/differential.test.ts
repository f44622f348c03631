import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { possibleCpus } from '../../../dist/kernel/index.js';
import { calls } from '../../../dist/sys/index.js';
import { kernelIs } from '../../netdev/oracle.js';
import { patient } from '../../patience.js';
import { difference } from './compare.js';
import { Coverage } from './coverage.js';
import { InterpreterWorld } from './interpreter-world.js';
import { KernelWorld } from './kernel-world.js';
import { RANDOM_MAPS } from './map-specs.js';

/** XDPKIT_LONG=1 runs 100,000 programs; XDPKIT_SEED=n runs the one of that seed. */
const SEED = process.env['XDPKIT_SEED'];
const COUNT = process.env['XDPKIT_LONG'] === undefined ? 2_000 : 100_000;
const CHUNK = 2_000;
const CHUNKS =
  SEED === undefined
    ? Array.from({ length: COUNT / CHUNK }, (_, i) => [i * CHUNK, (i + 1) * CHUNK] as const)
    : [[Number(SEED), Number(SEED) + 1] as const];

/** Signed divisions, sign-extending moves and loads, unconditional byte swaps and the long jump are among the instructions. */
const NEWEST = 'needs Linux 6.6: random programs have every instruction';

let kernel: KernelWorld;
beforeAll(() => {
  // Programs see the number of their CPU, and its values of per-CPU maps.
  calls.setAffinity([0]);
  kernel = new KernelWorld(RANDOM_MAPS);
});
afterAll(() => {
  kernel[Symbol.dispose]();
  calls.setAffinity(Array.from({ length: possibleCpus() }, (_, cpu) => cpu));
});

describe('random programs do in the interpreter what they do in the kernel', () => {
  const coverage = new Coverage();

  it.for(CHUNKS)('seeds %i to %i', { timeout: patient(120_000) }, ([first, end], context) => {
    context.skip(!kernelIs(6, 6), NEWEST);
    const cpus = possibleCpus();
    const interpreter = new InterpreterWorld(RANDOM_MAPS, cpus, { onStep: coverage.step });
    const differences: string[] = [];
    for (let seed = first; seed < end && differences.length < 3; seed++) {
      const text = difference(seed, cpus, kernel, interpreter);
      if (text !== undefined) differences.push(text);
    }
    expect(differences.join('\n\n')).toBe('');
  });

  it.skipIf(SEED !== undefined)('and every instruction and every helper was among them', (context) => {
    context.skip(!kernelIs(6, 6), NEWEST);
    expect(coverage.missing()).toEqual([]);
  });
});
