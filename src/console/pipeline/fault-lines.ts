import type { FaultSettings, PortFaultReport } from './pipeline-control.js';
import { PER_100_000, PER_THOUSAND, probability, row, switched } from './rows.js';

/** The report of `fault.status`. */
export interface FaultStatus extends FaultSettings {
  /** Addresses in the sets; 0: all packets qualify. */
  readonly sources: number;
  readonly destinations: number;
  readonly interfaces: readonly (PortFaultReport & { readonly index: number; readonly name: string })[];
}

export function faultLines(status: FaultStatus): string[] {
  return [
    'all interfaces',
    row('drop probability', probability(status.dropProbability, PER_THOUSAND)),
    row(
      'corrupt probability',
      `${probability(status.corruptProbability, PER_THOUSAND)}, ${bytes(status.corruptAmount)}`,
    ),
    row('grow probability', `${probability(status.growProbability, PER_THOUSAND)}, ${bytes(status.growAmount)}`),
    row('shrink probability', `${probability(status.shrinkProbability, PER_THOUSAND)}, ${bytes(status.shrinkAmount)}`),
    row('DST machash', addresses(status.destinations)),
    row('SRC machash', addresses(status.sources)),
    row('seed', status.seed),
    row('mend checksums', switched(status.mendChecksums)),
    ...status.interfaces.flatMap(portLines),
  ];
}

function bytes(amount: number): string {
  return `${amount} ${amount === 1 ? 'byte' : 'bytes'}`;
}

function addresses(count: number): string {
  return count === 0 ? 'empty: all packets qualify' : `${count} ${count === 1 ? 'address' : 'addresses'}`;
}

function portLines(port: FaultStatus['interfaces'][number]): string[] {
  const { gilbert, counts } = port;
  const chance = (value: number) => probability(value, PER_100_000);
  const like = port.delayCorrelation > 0 ? `, correlation ${chance(port.delayCorrelation)}` : '';
  const jitter = port.jitter > 0 ? ` +- ${timeText(port.jitter)} ${port.distribution}${like}` : '';
  const gap = port.reorderGap > 1 ? `, every ${port.reorderGap}th` : '';
  return [
    `${port.index} ${port.name} fault injection ${switched(port.enabled)}`,
    row('bitflip probability', chance(port.bitflipProbability)),
    row('dup probability', chance(port.duplicateProbability)),
    row('delay', `${timeText(port.delay)}${jitter}`),
    row('reorder probability', `${chance(port.reorderProbability)}${gap}`),
    row('burst loss', `p ${chance(gilbert.p)} r ${chance(gilbert.r)}`),
    row('bad', chance(gilbert.lossBad), 2),
    row('good', chance(gilbert.lossGood), 2),
    row(
      'rate',
      port.rate === 0 ? 'unlimited' : `${port.rate} bit/s${port.burst > 0 ? `, burst ${bytes(port.burst)}` : ''}`,
    ),
    ...Object.entries(COUNTS).map(([name, label]) => row(label, counts[name as keyof typeof COUNTS])),
  ];
}

const COUNTS = {
  dropped: 'dropped',
  corrupted: 'corrupted',
  grown: 'grown',
  shrunk: 'shrunk',
  bitflipped: 'bitflipped',
  duplicated: 'duplicated',
  delayed: 'delayed',
  reordered: 'reordered',
  burstLost: 'lost in bursts',
  held: 'held now',
  holdOverflow: 'no room to hold',
} as const;

/** Microseconds as people write them: `20 ms`. */
function timeText(microseconds: number): string {
  return microseconds % 1000 === 0 ? `${microseconds / 1000} ms` : `${microseconds} us`;
}
