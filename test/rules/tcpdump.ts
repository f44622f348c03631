import { spawnSync } from 'node:child_process';
import { patient } from '../patience.js';

const PCAP_HEADER = 24;
const RECORD_HEADER = 16;

/** Whether each of the frames of a capture matches, or why libpcap does not take the expression. */
export type Verdicts = readonly boolean[] | string;

/**
 * Has tcpdump filter a capture in which the n-th of `count` packets has the time stamp of n microseconds, as `pcapOf` writes
 * them.
 *
 * @param options `-O` leaves out libpcap's optimizer
 */
export function tcpdumpVerdicts(path: string, count: number, expression: string, options: string[] = []): Verdicts {
  const { status, stdout, stderr } = spawnSync('tcpdump', [...options, '-r', path, '-w', '-', '--', expression], {
    maxBuffer: 1 << 28,
    timeout: patient(20_000),
  });
  const matching = new Array<boolean>(count).fill(false);
  if (status !== 0) {
    const problem = /tcpdump: (.*)\n*$/.exec(stderr.toString())?.[1] ?? stderr.toString();
    // What the optimizer finds out is no mistake to us.
    return problem.includes('expression rejects all packets') ? matching : problem;
  }
  for (let at = PCAP_HEADER; at < stdout.length; at += RECORD_HEADER + stdout.readUInt32LE(at + 8)) {
    matching[stdout.readUInt32LE(at + 4)] = true;
  }
  return matching;
}
