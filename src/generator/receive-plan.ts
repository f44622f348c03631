import type { SocketPlace, UmemPlace } from '../xsk/index.js';

/** What a receiving worker is told. */
export interface ReceivePlan {
  readonly worker: number;
  readonly cpu: number | undefined;
  /** Its sockets, which share its memory. */
  readonly sockets: readonly SocketPlace[];
  readonly umem: UmemPlace;
  /** Entries of each ring. */
  readonly ring: number;
  readonly wait: 'adaptive' | 'spin';
  readonly control: SharedArrayBuffer;
  /** The rows of all workers. */
  readonly counters: SharedArrayBuffer;
}
