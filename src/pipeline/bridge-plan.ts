import type { Device } from '../device/index.js';
import { XdpError } from '../sys/index.js';
import type { SocketPlan } from './worker-plan.js';

/**
 * Which sockets each worker opens: with W workers, worker w serves the queues q with q mod W = w of every interface, so
 * that every queue is served, every ring has one owner, and each worker can send on every interface.
 *
 * @param wanted how many workers; by default as many as there are processors and queues for
 * @throws XDP_ERR_NO_QUEUE when an interface has fewer queues than workers
 */
export function planSockets(
  devices: readonly Device[],
  wanted: number | undefined,
  processors: number,
): SocketPlan[][] {
  const usable = ({ link }: Device) => Math.min(link.rxQueues, link.txQueues);
  const narrowest = devices.reduce((least, device) => (usable(device) < usable(least) ? device : least));
  const most = usable(narrowest);
  if (wanted !== undefined && wanted > most) {
    const { name } = narrowest.link;
    throw new XdpError(
      'XDP_ERR_NO_QUEUE',
      `${wanted} workers need as many queues on each interface; ${name} has ${most}`,
      { advice: `use --workers ${most}, or give ${name} more queues (ethtool -L ${name} rx N tx N)` },
    );
  }
  const workers = wanted ?? Math.min(most, processors);
  const plans: SocketPlan[][] = Array.from({ length: workers }, () => []);
  let socket = 0;
  for (const [port, { link, features, partialChecksums }] of devices.entries()) {
    for (let queue = 0; queue < link.rxQueues; queue++) {
      const { index, name, mtu } = link;
      const transmits = queue < link.txQueues;
      const zeroCopySegments = features?.zeroCopySegments;
      const plan = {
        port,
        queue,
        queues: link.rxQueues,
        transmits,
        partialChecksums,
        mtu,
        zeroCopySegments,
        socket: socket++,
      };
      plans[queue % workers]!.push({ interface: { index, name }, ...plan });
    }
  }
  return plans;
}
