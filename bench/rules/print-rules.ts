import { styleText } from 'node:util';
import type { RulesResult } from './measure-rules.js';

const fixed = (value: number, digits: number, width = 8) => value.toFixed(digits).padStart(width);

/** Nanoseconds a packet, net of an empty program. */
export function printRules({ compared, times, portSets }: RulesResult): void {
  console.log(`\nrules beside C, alike in verdicts and counters on ${compared} frames of each filter`);
  console.log(
    styleText(
      'bold',
      'filter    packet              verdict  xdpkit ns     C ns    ratio  less C       (low to high)    CPU ns  C CPU ns',
    ),
  );
  for (const { filter, packet, verdict, ours, theirs, differences, disturbed } of times) {
    const [low, middle, high] = differences;
    const range = `(${low.toFixed(1)} to ${high.toFixed(1)})`.padStart(20);
    console.log(
      `${filter.padEnd(10)}${packet.padEnd(20)}${verdict.padEnd(9)}${fixed(ours.wall, 1, 9)} ${fixed(theirs.wall, 1)} ` +
        `${fixed(ours.wall / theirs.wall, 2)}${fixed(middle, 1)}${range} ${fixed(ours.cpu, 1, 9)}  ${fixed(theirs.cpu, 1)}` +
        (disturbed > 0 ? `   ${disturbed} disturbed` : ''),
    );
  }
  for (const { ports, hit, miss } of portSets) {
    const text = `hit ${hit.wall.toFixed(1)} ns (CPU ${hit.cpu.toFixed(1)}), miss ${miss.wall.toFixed(1)} (${miss.cpu.toFixed(1)})`;
    console.log(`set of ${ports} ports`.padEnd(30) + text);
  }
}
