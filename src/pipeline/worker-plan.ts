import type { ErrorCode } from '../sys/index.js';
import type { SocketPlace, UmemPlace } from '../xsk/index.js';
import type { FrameAudit } from './frame-audit.js';

/** A socket that a worker shall serve. */
export interface SocketPlan {
  readonly interface: { readonly index: number; readonly name: string };
  readonly port: number;
  readonly queue: number;
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

/** All that a worker is told. */
export interface WorkerPlan {
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
  /** Module whose default export is the packet callback. */
  readonly callback: string | undefined;
  readonly control: SharedArrayBuffer;
  readonly counters: SharedArrayBuffer;
}

/** Words of the control block. */
export const Control = { stop: 0 } as const;

/** What a worker says: it is at its rings; it is done, and this is where its frames were. */
export type WorkerMessage =
  | { readonly type: 'ready' }
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
