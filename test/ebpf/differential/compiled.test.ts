// needs: clang-14, llvm-objcopy-14, llvm-objdump-14
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { possibleCpus } from '../../../dist/kernel/index.js';
import { calls, openResources, traceResources } from '../../../dist/sys/index.js';
import { compiled, type PROGRAMS } from '../compiled.js';
import { InterpreterWorld } from './interpreter-world.js';
import { KernelWorld } from './kernel-world.js';
import type { MapSpecs } from './map-specs.js';
import { Random } from './random.js';
import { randomFrame } from './random-frame.js';
import { type Contents, contentsText, outcomeText, type World } from './world.js';

type Name = (typeof PROGRAMS)[number];
const PACKETS = 500;

/** What runs together, with its maps; a program array has the second program at 1. */
const CASES: readonly (readonly [programs: readonly Name[], maps: MapSpecs])[] = [
  [['parser'], {}],
  [
    ['counters'],
    {
      protocols: { kind: 'array', valueSize: 8, maxEntries: 8 },
      lengths: { kind: 'percpuArray', valueSize: 8, maxEntries: 4 },
      senders: { kind: 'hash', keySize: 4, valueSize: 24, maxEntries: 4 },
    },
  ],
  [['lpm'], { prefixes: { kind: 'lpmTrie', keySize: 8, valueSize: 8, maxEntries: 16 } }],
  [['subprograms', 'tail-calls'], { programs: { kind: 'programArray', maxEntries: 4 } }],
  [['loops'], {}],
  [
    ['tunnel'],
    {
      events: { kind: 'ringBuffer', maxEntries: 4096 },
      ports: { kind: 'devmap', maxEntries: 8, targets: [1, 2] },
    },
  ],
];

/** What is in maps before the first packet: 10.0.1.0/24 goes back, 10.1.2.3 is an error. */
const INITIAL: Contents = new Map([
  [
    'prefixes',
    [
      [Uint8Array.of(24, 0, 0, 0, 10, 0, 1, 0), [Uint8Array.of(3, 0, 0, 0, 0, 0, 0, 0)]],
      [Uint8Array.of(32, 0, 0, 0, 10, 1, 2, 3), [Uint8Array.of(0, 0, 0, 0, 0, 0, 0, 0)]],
    ],
  ],
]);

beforeAll(() => {
  calls.setAffinity([0]);
  traceResources(true);
});
afterAll(() => {
  calls.setAffinity(Array.from({ length: possibleCpus() }, (_, cpu) => cpu));
  expect(openResources()).toEqual([]);
  traceResources(false);
});

describe('what clang compiled does the same in the kernel and in the interpreter', () => {
  it.for(CASES.map(([programs, maps]) => [programs.join(' and '), programs, maps] as const))(
    '%s',
    ([, names, specs]) => {
      using kernel = new KernelWorld(specs);
      const worlds: World[] = [kernel, new InterpreterWorld(specs, possibleCpus())];
      const programs = names.map((name) => compiled(name, '-mcpu=v3'));
      const maps = new Set(Object.keys(specs));
      for (const world of worlds) world.begin(programs, INITIAL, maps);
      const random = new Random(1);
      const actions = new Set<number>();
      for (let i = 0; i < PACKETS; i++) {
        const frame = randomFrame(random);
        const [theirs, ours] = worlds.map((world) => world.run(frame, new Uint8Array(0)));
        expect(outcomeText(ours!), `packet ${i}: ${Buffer.from(frame).toString('hex')}`).toBe(outcomeText(theirs!));
        actions.add(ours!.action);
      }
      const [theirs, ours] = worlds.map((world) => contentsText(world.contents(maps), (name) => name === 'events'));
      expect(ours).toEqual(theirs);
      expect(actions.size).toBeGreaterThan(2);
    },
  );
});
