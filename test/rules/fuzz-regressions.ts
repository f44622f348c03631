import { readFileSync } from 'node:fs';
import type { Rule } from '../../dist/rules/index.js';

/** What the three once did not agree about: `npm run fuzz` prints entries. */
export interface Regression {
  readonly says: string;
  readonly compact: boolean | 'tables';
  readonly sockets: boolean;
  readonly rules: readonly Rule[];
  /** Frames in hexadecimal digits; none where the program did not load. */
  readonly packets: readonly string[];
}

export const REGRESSIONS: readonly Regression[] = [
  {
    says: "a limit that no packet comes to: the kernel refused the program: unreachable insn (the buckets' subprogram)",
    compact: false,
    sockets: false,
    rules: [
      { match: { type: 'all' }, action: 'drop' },
      { match: { type: 'udp' }, action: { limit: { packets: 1, burst: 1 } } },
    ],
    packets: [],
  },
  {
    says: "a limit that no packet comes to, in one list of rules: number of funcs in func_info doesn't match number of subprogs",
    compact: true,
    sockets: false,
    rules: [
      { match: { type: 'all' }, action: 'l2-forward' },
      { match: { type: 'fragment', part: 'first' }, action: { limit: { packets: 1, burst: 2 } } },
    ],
    packets: [],
  },
  {
    says: 'a list for each class of packets, with limits (seed 2, case 19900): the verifier walked the loop of the buckets over a million times',
    compact: false,
    sockets: false,
    rules: JSON.parse(readFileSync('test/rules/fuzz-limits.json', 'utf8')) as Rule[],
    packets: [],
  },
];
