/**
 * Why a packet was not sent on. A stage that drops one sets its egress to the reason's number; all numbers are negative,
 * so that no port is meant.
 */
export const DROP_REASONS = [
  'callback',
  'unknownPort',
  'callbackError',
  'txRingFull',
  'tooManyFragments',
  'workerDied',
  'mirrored',
  'dropSet',
  'faultDrop',
  'faultBurstLoss',
  'holdOverflow',
] as const;
export type DropReason = (typeof DROP_REASONS)[number];

/** The egress that stands for a reason. -1 is what a callback returns to drop a packet. */
export const Drop = {
  callback: -1,
  unknownPort: -2,
  callbackError: -3,
  txRingFull: -4,
  /** A packet of more fragments than its egress can send, or than fit into a batch. */
  tooManyFragments: -5,
  /** In the hands of a thread that died. */
  workerDied: -6,
  /** It was only to be looked at. */
  mirrored: -7,
  /** From or to an address of the drop set. */
  dropSet: -8,
  /** By fault injection. */
  faultDrop: -9,
  faultBurstLoss: -10,
  /** It was to be delayed, and there was no room to hold it. */
  holdOverflow: -11,
} as const;

/** What is counted for each socket, that is, for each queue of each port, besides the reasons that packets are dropped for. */
export const OWN_COUNTERS = [
  'rxPackets',
  'rxBytes',
  'txPackets',
  'txBytes',
  /** Checksums that the sender left to hardware, filled in. */
  'checksumsCompleted',
  /** Calls into the kernel to transmit. */
  'kicks',
  /** Frames in the fill ring, and on their way out. */
  'inFill',
  'inTx',
  /** The kernel's own: packets lost because the RX ring was full, no frame was there, or for another reason. */
  'kernelRxRingFull',
  'kernelFillRingEmpty',
  'kernelRxDropped',
  /** Descriptors that the kernel refused. Always 0, or there is a bug here. */
  'kernelInvalidDescriptors',
] as const;
export type SocketCounter = (typeof OWN_COUNTERS)[number] | DropReason;
const SOCKET_COUNTERS: readonly SocketCounter[] = [...OWN_COUNTERS, ...DROP_REASONS];
export type SocketCounts = Record<SocketCounter, number>;

/** What is counted for each worker. */
export const WORKER_COUNTERS = [
  'freeFrames',
  'frames',
  'turns',
  'sleeps',
  /** Threads that died, and frames that got lost with them: they are in no place any more. */
  'deaths',
  'lostFrames',
] as const;
export type WorkerCounter = (typeof WORKER_COUNTERS)[number];
export type WorkerCounts = Record<WorkerCounter, number>;

const index = <T extends string>(names: readonly T[]) =>
  Object.fromEntries(names.map((name, i) => [name, i])) as Record<T, number>;

/** Slot of a counter within its row. */
export const SocketSlot: Readonly<Record<SocketCounter, number>> = index(SOCKET_COUNTERS);
export const WorkerSlot: Readonly<Record<WorkerCounter, number>> = index(WORKER_COUNTERS);

/** The first slot of a drop reason; the reason with egress -1 is there, the one with -2 behind it. */
export const DROP_SLOT: number = SocketSlot[DROP_REASONS[0]];

/**
 * Counters in shared memory: a row for each socket, then one for each worker, one Float64 a counter. A row has one
 * writer, the worker it belongs to, so that no lock is needed; readers add rows up and may see a packet counted whose
 * bytes are not yet.
 */
export class Counters {
  readonly shared: SharedArrayBuffer;
  readonly slots: Float64Array;
  readonly #sockets: number;

  constructor(sockets: number, workers: number, shared?: SharedArrayBuffer) {
    const length = sockets * SOCKET_COUNTERS.length + workers * WORKER_COUNTERS.length;
    this.shared = shared ?? new SharedArrayBuffer(length * Float64Array.BYTES_PER_ELEMENT);
    this.slots = new Float64Array(this.shared);
    this.#sockets = sockets;
  }

  /** Where the row of a socket begins. */
  socketRow(socket: number): number {
    return socket * SOCKET_COUNTERS.length;
  }

  workerRow(worker: number): number {
    return this.#sockets * SOCKET_COUNTERS.length + worker * WORKER_COUNTERS.length;
  }

  readSocket(socket: number): SocketCounts {
    return this.#read(SOCKET_COUNTERS, this.socketRow(socket));
  }

  readWorker(worker: number): WorkerCounts {
    return this.#read(WORKER_COUNTERS, this.workerRow(worker));
  }

  #read<T extends string>(names: readonly T[], row: number): Record<T, number> {
    return Object.fromEntries(names.map((name, i) => [name, this.slots[row + i]])) as Record<T, number>;
  }
}

/** The sum of several sockets' counts. */
export function addCounts(rows: readonly SocketCounts[]): SocketCounts {
  const sum = Object.fromEntries(SOCKET_COUNTERS.map((name) => [name, 0])) as SocketCounts;
  for (const row of rows) for (const name of SOCKET_COUNTERS) sum[name] += row[name];
  return sum;
}
