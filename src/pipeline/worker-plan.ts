import type { ErrorCode } from '../sys/index.js';
import type { SocketPlace, UmemPlace } from '../xsk/index.js';
import type { FrameAudit } from './frame-audit.js';
import type { PipelinePlace } from './pipeline-memory.js';

/** A socket that a worker shall serve. */
export interface SocketPlan {
  readonly interface: { readonly index: number; readonly name: string };
  readonly port: number;
  readonly queue: number;
  /** Queues that packets of this interface come in by. */
  readonly queues: number;
  /** Whether the interface can send from this queue. */
  readonly transmits: boolean;
  readonly partialChecksums: boolean;
  /** The interface's, in bytes. */
  readonly mtu: number;
  /** Fragments of a packet that the interface sends in zero-copy mode. */
  readonly zeroCopySegments: number | undefined;
  /** Its number among all sockets of all workers: its row of counters. */
  readonly socket: number;
}

/** All that a worker is told, whichever of its threads it is. */
export interface SeatPlan {
  readonly worker: number;
  readonly workers: number;
  /** All sockets of all workers. */
  readonly totalSockets: number;
  readonly sockets: readonly SocketPlan[];
  /** What the main thread has opened for it, in the same order. */
  readonly places: readonly SocketPlace[];
  readonly umem: UmemPlace;
  readonly cpu: number | undefined;
  /** Entries of each ring. */
  readonly ring: number;
  readonly batch: number;
  readonly wait: 'adaptive' | 'spin';
  /** Of its {@link Batch}: frames that a thread had in its hands when it died. */
  readonly batchMemory: Uint8Array;
  readonly seat: SharedArrayBuffer;
  readonly pipeline: PipelinePlace;
  /** Where each worker has a ring, by its number. */
  readonly tap: Uint8Array | undefined;
  /** Of the frames that faults hold back: FaultInjector.holdMemory. */
  readonly holdMemory: SharedArrayBuffer;
  /** Where its faults are logged to. */
  readonly faultLog: SharedArrayBuffer | undefined;
  readonly counters: SharedArrayBuffer;
}

/** What one thread of the worker's seat is told. */
export interface WorkerPlan extends SeatPlan {
  /** Module whose default export is the packet callback. */
  readonly callback: string | undefined;
  /** Which thread of this seat it is, counted from 0. */
  readonly generation: number;
}

/** Words of a seat. */
export const Seat = {
  /** Which thread shall sit there, or {@link STOP}. Written by the main thread. */
  order: 0,
  /** Which thread may sit there: all before it have left. Written by the thread that leaves; when it died, by the main thread. */
  owner: 1,
  /** Threads that died there. Written by the main thread. */
  deaths: 2,
} as const;
export const SEAT_BYTES = 12;
export const STOP = -1;

/**
 * What a worker's thread says: all it needs is loaded and warm; it is at its rings; it has left them to the next one; it is
 * done, and this is where its frames were.
 */
export type WorkerMessage =
  | { readonly type: 'prepared' }
  | { readonly type: 'ready' }
  | { readonly type: 'left' }
  | { readonly type: 'done'; readonly audit: FrameAudit }
  | { readonly type: 'failed'; readonly failure: WorkerFailure };

/** An error in a form that crosses threads. */
export interface WorkerFailure {
  readonly code: ErrorCode;
  readonly message: string;
  readonly advice?: string | undefined;
  readonly call?: string | undefined;
  readonly errno?: number | undefined;
}
