import type { Device } from '../device/index.js';
import type { XdpMode } from '../kernel/index.js';
import type { Link } from '../netdev/index.js';
import { addCounts, type Counters, type SocketCounts, type WorkerCounts } from './counters.js';
import type { SocketPlan } from './worker-plan.js';

/** How packets are moved. */
export interface Manner {
  /** Whether the driver works in our memory. */
  readonly zeroCopy: boolean;
  /** Whether a packet may lie in several frames: for an MTU that none holds. */
  readonly multiBuffer: boolean;
  /** Whether the workers' calls drive the driver, instead of interrupts. */
  readonly busyPoll: boolean;
}

/** What one interface has counted. */
export interface PortSample extends Manner {
  /** Its name, which may change. */
  readonly interface: string;
  readonly state: 'up' | 'down' | 'no-carrier';
  readonly mode: XdpMode;
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
  links: readonly Link[],
  devices: readonly Device[],
  plans: readonly (readonly SocketPlan[])[],
  counters: Counters,
  manner: Manner,
): BridgeSample {
  const ports = devices.map(({ mode }, port): PortSample => {
    const queues = plans
      .flatMap((sockets, worker) =>
        sockets
          .filter((plan) => plan.port === port)
          .map(({ queue, socket }) => ({ queue, worker, counts: counters.readSocket(socket) })),
      )
      .sort((a, b) => a.queue - b.queue);
    const total = addCounts(queues.map(({ counts }) => counts));
    const { name, up, carrier } = links[port]!;
    const state = up ? (carrier ? 'up' : 'no-carrier') : 'down';
    return { interface: name, state, mode, ...manner, total, queues };
  });
  return { time: Date.now(), ports, workers: plans.map((_, worker) => counters.readWorker(worker)) };
}
