import { listing } from '../../../dist/ebpf/index.js';
import { type RandomCase, randomCase } from './random-program.js';
import { type Contents, contentsText, outcomeText, type World } from './world.js';

/** Maps whose contents have an order. */
const isOrdered = (name: string): boolean => name === 'queue' || name === 'stack' || name === 'ring';

/** What is different between two worlds for the case of a seed, or undefined. */
export function difference(seed: number, cpus: number, kernel: World, interpreter: World): string | undefined {
  const random = randomCase(seed, cpus);
  try {
    kernel.begin(random.programs, random.initial, random.maps);
    interpreter.begin(random.programs, random.initial, random.maps);
    for (const [i, { packet, metadata }] of random.packets.entries()) {
      const theirs = outcomeText(kernel.run(packet, metadata));
      const ours = outcomeText(interpreter.run(packet, metadata));
      if (theirs !== ours) {
        const maps = mapDifference(kernel.contents(random.maps), interpreter.contents(random.maps));
        return report(seed, random, [`packet ${i}`, `kernel:      ${theirs}`, `interpreter: ${ours}`, ...maps]);
      }
    }
    const maps = mapDifference(kernel.contents(random.maps), interpreter.contents(random.maps));
    return maps.length === 0 ? undefined : report(seed, random, maps);
  } catch (error) {
    return report(seed, random, [`${error}`]);
  }
}

function mapDifference(kernel: Contents, interpreter: Contents): string[] {
  const theirs = contentsText(kernel, isOrdered);
  const ours = contentsText(interpreter, isOrdered);
  if (theirs.join('\n') === ours.join('\n')) return [];
  return [
    ...theirs.filter((line) => !ours.includes(line)).map((line) => `kernel:      ${line}`),
    ...ours.filter((line) => !theirs.includes(line)).map((line) => `interpreter: ${line}`),
    'or in another order',
  ];
}

function report(seed: number, { programs }: RandomCase, lines: readonly string[]): string {
  const replay = `XDPKIT_SEED=${seed} npx vitest run test/ebpf/differential`;
  const text = programs.map((program, i) => `program ${i}:\n${listing(program, { numbered: true })}`);
  return [`seed ${seed} (${replay})`, ...lines, ...text].join('\n');
}
