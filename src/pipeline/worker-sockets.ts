import { setTimeout } from 'node:timers/promises';
import { type FrameChoice, longestPacket } from '../device/index.js';
import { withNamespace, XdpError } from '../sys/index.js';
import { BoundSocket, type BoundSocketOptions, type SocketPlace, Umem, type ZeroCopy } from '../xsk/index.js';
import type { SocketPlan } from './worker-plan.js';

export interface WorkerSocketsOptions extends FrameChoice {
  /** Entries of each ring. */
  readonly ring: number;
  readonly batch: number;
  /** Frames that may be held back besides. */
  readonly holdFrames: number;
  readonly zeroCopy: ZeroCopy;
  readonly busyPoll: number | undefined;
  readonly ledger: boolean;
  /** Network namespace of the interfaces. */
  readonly netns: string | undefined;
  readonly signal: AbortSignal | undefined;
}

/** Milliseconds to wait for a queue that a dying process still holds, and between two tries. */
const PATIENCE = 2000;
const PAUSE = 20;

/**
 * The sockets and the packet memory of one worker. The main thread opens them and gives them back, after the worker's end:
 * so nothing stays behind, however a worker ends.
 */
export class WorkerSockets implements Disposable {
  readonly umem: Umem;
  readonly #sockets: BoundSocket[] = [];

  private constructor(umem: Umem) {
    this.umem = umem;
  }

  /** @throws as {@link BoundSocket.open} and the signal's reason; nothing stays open then */
  static async open(plans: readonly SocketPlan[], options: WorkerSocketsOptions): Promise<WorkerSockets> {
    try {
      return await WorkerSockets.#openOnce(plans, options);
    } catch (error) {
      const lacking = error instanceof XdpError && error.code === 'XDP_ERR_ZEROCOPY_UNSUPPORTED';
      if (!lacking || options.zeroCopy !== 'auto') throw error;
      // The first interface has it and a later one has not; they share their memory, and it is one or the other.
      return await WorkerSockets.#openOnce(plans, { ...options, zeroCopy: 'off' });
    }
  }

  static async #openOnce(plans: readonly SocketPlan[], options: WorkerSocketsOptions): Promise<WorkerSockets> {
    const { frameSize, fragments, ring, batch, holdFrames, zeroCopy, busyPoll, ledger } = options;
    // So many that a full RX ring and a full TX ring don't empty the fill ring, with a batch in the hand.
    const umem = new Umem({ frames: plans.length * (3 * ring + batch) + holdFrames, frameSize, fragments, ledger });
    const opened = new WorkerSockets(umem);
    try {
      for (const { interface: device, queue, transmits, mtu, zeroCopySegments } of plans) {
        const sizes = { rxSize: ring, txSize: transmits ? ring : 0, fillSize: ring, completionSize: ring };
        // A device need not look at the length of what AF_XDP gives it: segments that a sender left to hardware end here.
        const mostFragments = Math.ceil(longestPacket(mtu) / umem.capacity);
        const mode = { zeroCopy, busyPoll, zeroCopySegments, mostFragments };
        const socket = await openPatiently({ umem, interface: device, queue, ...mode, ...sizes }, options);
        opened.#sockets.push(socket);
      }
      return opened;
    } catch (error) {
      opened.close();
      throw error;
    }
  }

  get places(): readonly SocketPlace[] {
    return this.#sockets.map(({ place }) => place);
  }

  /** Idempotent. */
  close(): void {
    for (const socket of this.#sockets.toReversed()) socket.close();
    this.umem.close();
  }

  [Symbol.dispose](): void {
    this.close();
  }
}

/** Waits for a queue without holding up the event loop. */
async function openPatiently(
  options: BoundSocketOptions,
  { netns, signal }: WorkerSocketsOptions,
): Promise<BoundSocket> {
  const open = () => BoundSocket.open({ ...options, patience: 0 });
  const end = performance.now() + PATIENCE;
  for (;;) {
    signal?.throwIfAborted();
    try {
      return netns === undefined ? open() : withNamespace<BoundSocket>(netns, open);
    } catch (error) {
      const taken = error instanceof XdpError && error.code === 'XDP_ERR_QUEUE_TAKEN';
      if (!taken || performance.now() > end) throw error;
    }
    await setTimeout(PAUSE);
  }
}
