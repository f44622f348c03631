import type { Steering, SteeringBackend, SteeringStatistics } from '../steering/index.js';
import type { PortCounts } from './backend-port.js';
import type { ServedBackend } from './served-backend.js';

/** What a backend's sockets have counted, all queues together. */
export interface BackendCounts extends PortCounts {
  /** Packets lost because the backend did not read: its RX ring was full. */
  readonly rxRingFull: number;
  /** Packets lost for another reason: no frame was there, or one was too small. */
  readonly rxDropped: number;
}

/** A backend: as the kernel has it, and where it has sockets here, what is known of them. */
export interface BackendSample extends SteeringBackend {
  /** Connections that it serves, if it says so ({@link Backend.connections}). */
  readonly connections: number | undefined;
  readonly counts: BackendCounts | undefined;
  /** Packets received, by queue. */
  readonly rxByQueue: readonly number[] | undefined;
}

/** The state of a steered interface at a moment. */
export interface SteeringSample {
  /** Milliseconds of `performance.now()`. */
  readonly time: number;
  /** By slot. */
  readonly backends: readonly BackendSample[];
  readonly statistics: SteeringStatistics;
}

export function readSteeringSample(steering: Steering, served: ReadonlyMap<number, ServedBackend>): SteeringSample {
  const backends = steering.backends().map((backend): BackendSample => {
    const own = served.get(backend.id);
    const { sockets } = own ?? {};
    const rxByQueue = sockets?.counts().map(({ rxPackets }) => rxPackets);
    return { ...backend, connections: sockets?.connections, counts: own && countsOf(own), rxByQueue };
  });
  return { time: performance.now(), backends, statistics: steering.statistics() };
}

function countsOf({ sockets }: ServedBackend): BackendCounts {
  const sum = { rxPackets: 0, rxBytes: 0, txPackets: 0, txBytes: 0, txRingFull: 0, rxRingFull: 0, rxDropped: 0 };
  for (const { kernel, ...counts } of sockets.counts()) {
    for (const name of Object.keys(counts) as (keyof PortCounts)[]) sum[name] += counts[name];
    sum.rxRingFull += kernel.rxRingFull;
    sum.rxDropped += kernel.rxDropped;
  }
  return sum;
}
