import type { Device } from '../device/index.js';
import type { XdpMode } from '../kernel/index.js';
import { addCounts, type Counters, type SocketCounts, type WorkerCounts } from './counters.js';
import type { SocketPlan } from './worker-plan.js';

/** What one interface has counted. */
export interface PortSample {
  readonly interface: string;
  readonly mode: XdpMode;
  readonly zeroCopy: boolean;
  readonly total: SocketCounts;
  readonly queues: readonly { readonly queue: number; readonly worker: number; readonly counts: SocketCounts }[];
}

/** All counters of a bridge at one moment. They count from its start. */
export interface BridgeSample {
  /** Milliseconds since the epoch. */
  readonly time: number;
  readonly ports: readonly PortSample[];
  readonly workers: readonly WorkerCounts[];
}

export function readSample(
  devices: readonly Device[],
  plans: readonly (readonly SocketPlan[])[],
  counters: Counters,
  zeroCopy: boolean,
): BridgeSample {
  const ports = devices.map(({ link, mode }, port): PortSample => {
    const queues = plans
      .flatMap((sockets, worker) =>
        sockets
          .filter((plan) => plan.port === port)
          .map(({ queue, socket }) => ({ queue, worker, counts: counters.readSocket(socket) })),
      )
      .sort((a, b) => a.queue - b.queue);
    const total = addCounts(queues.map(({ counts }) => counts));
    return { interface: link.name, mode, zeroCopy, total, queues };
  });
  return { time: Date.now(), ports, workers: plans.map((_, worker) => counters.readWorker(worker)) };
}
