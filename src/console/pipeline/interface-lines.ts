import type { FaultCounts, InterfaceReport } from './pipeline-control.js';
import { PER_100_000, PER_THOUSAND, probability, row, switched } from './rows.js';

/** An interface of `if.stats`. */
export interface InterfaceStatistics extends InterfaceReport {
  readonly index: number;
  readonly faults: Pick<FaultCounts, 'dropped' | 'bitflipped' | 'duplicated'> & {
    readonly enabled: boolean;
    /** In 1/1000. */
    readonly dropProbability: number;
    /** In 1/100,000. */
    readonly bitflipProbability: number;
    readonly duplicateProbability: number;
  };
}

/** The lines that IXDP prints of an interface, to the letter. */
export function interfaceLines(statistics: InterfaceStatistics): string[] {
  const { index, name, driver, queues, zeroCopy, rx, tx, drop, noif, err, rxTap, txTap, faults } = statistics;
  return [
    `${index} ${name} ${driver} queues:${queues} ${zeroCopy ? 'ZEROCOPY' : 'COPY'}`,
    row('rx', rx),
    row('tx', tx),
    row('drop', drop),
    row('noif', noif),
    row('err', err),
    row('RX tap', switched(rxTap)),
    row('TX tap', switched(txTap)),
    row('fault injection', switched(faults.enabled)),
    row('drop probability', probability(faults.dropProbability, PER_THOUSAND), 2),
    row('bitflip probability', probability(faults.bitflipProbability, PER_100_000), 2),
    row('dup probability', probability(faults.duplicateProbability, PER_100_000), 2),
    row('dropped by FI', faults.dropped, 2),
    row('bitflipped by FI', faults.bitflipped, 2),
    row('duplicated by FI', faults.duplicated, 2),
  ];
}
