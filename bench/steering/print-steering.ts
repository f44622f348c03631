import { styleText } from 'node:util';
import type { SteeringResult } from './measure-steering.js';

const fixed = (value: number, digits: number, width = 8) => value.toFixed(digits).padStart(width);

/** Nanoseconds a packet, net of an empty program. */
export function printSteering({ compared, times }: SteeringResult): void {
  console.log(`\nsteering beside C, alike in verdicts, counters and tables on ${compared} frames of each codec`);
  console.log(
    styleText(
      'bold',
      'codec           backends  packet         xdpkit ns     C ns    ratio  less C       (low to high)    CPU ns  C CPU ns',
    ),
  );
  for (const { codec, backends, packet, ours, theirs, differences, disturbed } of times) {
    const [low, middle, high] = differences;
    const range = `(${low.toFixed(1)} to ${high.toFixed(1)})`.padStart(20);
    console.log(
      `${codec.padEnd(16)}${String(backends).padEnd(10)}${packet.padEnd(15)}${fixed(ours.wall, 1, 9)} ${fixed(theirs.wall, 1)} ` +
        `${fixed(ours.wall / theirs.wall, 2)}${fixed(middle, 1)}${range} ${fixed(ours.cpu, 1, 9)}  ${fixed(theirs.cpu, 1)}` +
        (disturbed > 0 ? `   ${disturbed} disturbed` : ''),
    );
  }
}
