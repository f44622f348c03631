import { setTimeout } from 'node:timers/promises';
import { median } from './pairs.js';
import { Program } from './topology.js';

/**
 * DPDK's testpmd on its af_xdp driver, where it is installed (Debian: dpdk-dev, librte-net-af-xdp23): packets received
 * per second. It polls on processor 1 and prints on processor 0; the source has to run on 0.
 */
export async function measureTestpmd(
  netns: string,
  interfaces: readonly string[],
  forward: 'rxonly' | 'io',
  seconds: number,
  startSource: () => Program,
): Promise<number> {
  const devices = interfaces.flatMap((name, i) => [
    '--vdev',
    `net_af_xdp${i},iface=${name},start_queue=0,queue_count=1`,
  ]);
  const testpmd = new Program(netns, [
    ...['dpdk-testpmd', '--no-huge', '-m', '512', '--no-pci', '-l', '0,1', '--file-prefix', `xdpkit${process.pid}`],
    ...['-d', 'librte_net_af_xdp.so.23', ...devices, '--', `--forward-mode=${forward}`, '--stats-period', '1'],
    ...['--no-mlockall', '--total-num-mbufs=16384', '--auto-start'],
  ]);
  try {
    await setTimeout(3000);
    const source = startSource();
    await setTimeout((seconds + 2) * 1000);
    await source.stop();
  } finally {
    await testpmd.stop();
  }
  const rates = [...testpmd.output.matchAll(/Rx-pps:\s+(\d+)/g)]
    .map((match) => Number(match[1]))
    .filter((rate) => rate > 0);
  return rates.length < 3 ? Number.NaN : median(rates.slice(1, -1));
}
