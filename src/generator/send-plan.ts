import type { Link } from '../netdev/index.js';
import type { SocketPlace, UmemPlace, ZeroCopy } from '../xsk/index.js';
import type { FrameFields } from './frame-fields.js';
import type { Rate } from './pace.js';
import type { ReplayedFrames, Traffic } from './traffic.js';

/** What every sender is told. */
export interface SendPlan {
  /** Its number, of so many: it sends frames worker, worker + workers, and so on. */
  readonly worker: number;
  readonly workers: number;
  /** Undefined: as captured. */
  readonly rate: Rate | undefined;
  /** Frames of this sender; may be Infinity. */
  readonly count: number;
  /** Milliseconds; may be Infinity. */
  readonly duration: number;
  /** Frames sent with one call. */
  readonly batch: number;
  readonly cpu: number | undefined;
  readonly control: SharedArrayBuffer;
  /** The rows of all senders. */
  readonly counters: SharedArrayBuffer;
}

/** A sender through an AF_XDP socket. */
export interface XskPlan extends SendPlan {
  readonly frames: { readonly kind: 'described'; readonly fields: FrameFields } | ReplayedFrames;
  readonly socket: SocketPlace;
  readonly umem: UmemPlace;
  /** Bytes that the interface takes in one frame. */
  readonly longest: number;
}

/** A sender of live frames. */
export interface LivePlan extends SendPlan {
  /** The interface, in the namespace. */
  readonly ifindex: number;
  readonly netns: string | undefined;
  /** The program, and where its state is mapped. */
  readonly programFd: number;
  readonly state: { readonly address: number; readonly length: number };
  /** What the pages begin with: the longest template. */
  readonly frame: Uint8Array;
  /** Whether all frames are as long as that. */
  readonly sameSize: boolean;
}

export interface EngineOptions {
  readonly link: Link;
  readonly netns: string | undefined;
  readonly traffic: Traffic;
  readonly zeroCopy: ZeroCopy | undefined;
  /** What each sender is told by every engine. */
  readonly senders: readonly SendPlan[];
}

/** What an engine holds open for its workers, until they have ended. */
export interface SendEngine {
  /** Module of its workers. */
  readonly worker: string;
  readonly plans: readonly SendPlan[];
  /** Whether the driver sends from our memory; undefined where that is no question. */
  readonly zeroCopy: boolean | undefined;
  /** Idempotent. */
  close(): void;
}
