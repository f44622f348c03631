import { availableParallelism } from 'node:os';
import type { Link } from '../../netdev/index.js';
import { XdpError } from '../../sys/index.js';
import type { ZeroCopy } from '../../xsk/index.js';
import { BackendSockets } from './backend-sockets.js';
import { Bell } from './bell.js';
import type { FrameAccount } from './frame-account.js';
import { KeeperThread } from './keeper-thread.js';
import { type RingSizeChoice, ringSizes } from './ring-sizes.js';
import { SteeredQueue } from './steered-queue.js';

export interface BackendQueuesOptions {
  /** Backends that may have sockets at once: there is memory for as many. */
  readonly capacity: number;
  /** Bytes of a frame: 2048 or 4096. */
  readonly frameSize: number;
  readonly rings?: RingSizeChoice | undefined;
  /** Threads of keepers; each serves every so-manieth queue. Default: one for each queue, as far as there are processors. */
  readonly keepers?: number | undefined;
  /** Processors that they are bound to, one each in turn. */
  readonly keeperCpus?: readonly number[] | undefined;
  readonly zeroCopy?: ZeroCopy | undefined;
  readonly zeroCopySegments?: number | undefined;
  /** Network namespace of the interface. */
  readonly netns?: string | undefined;
}

/**
 * All queues of an interface, ready for backends: each with its memory and the keeper of its fill and completion ring. The
 * program that brings packets is no matter here: {@link BackendSockets} can be entered into any XSKMAP.
 */
export class BackendQueues implements AsyncDisposable {
  readonly capacity: number;
  /** Rejects when a keeper failed; does not resolve. */
  readonly failed: Promise<never>;
  readonly #queues: readonly SteeredQueue[];
  readonly #keepers: readonly KeeperThread[];
  readonly #sockets: Map<number, BackendSockets> = new Map();
  #isClosed = false;

  private constructor(capacity: number, queues: readonly SteeredQueue[], keepers: readonly KeeperThread[]) {
    this.capacity = capacity;
    this.#queues = queues;
    this.#keepers = keepers;
    this.failed = Promise.race(keepers.map(({ failed }) => failed));
    this.failed.catch(() => {});
  }

  /**
   * Opens every queue that packets come in by, and starts their keepers. Needs CAP_NET_RAW, and CAP_IPC_LOCK or a sufficient
   * limit of locked memory; Linux 5.10.
   *
   * @throws as `BoundSocket.open`, and XDP_ERR_USAGE; nothing stays open then
   */
  static async open(link: Link, options: BackendQueuesOptions): Promise<BackendQueues> {
    const { capacity, frameSize, zeroCopy = 'auto', zeroCopySegments, netns, keeperCpus } = options;
    if (!Number.isInteger(capacity) || capacity < 1 || capacity > 4096) {
      throw new XdpError('XDP_ERR_USAGE', `there is room for 1 to 4096 backends, not ${capacity}`);
    }
    const sizes = ringSizes(options.rings);
    const threads = Math.max(1, Math.min(options.keepers ?? availableParallelism(), link.rxQueues));
    const bells = Array.from({ length: threads }, () => new Bell());
    const queues: SteeredQueue[] = [];
    const keepers: KeeperThread[] = [];
    try {
      for (let queue = 0; queue < link.rxQueues; queue++) {
        const bell = bells[queue % threads]!.memory;
        const common = { capacity, frameSize, sizes, zeroCopy, zeroCopySegments, netns };
        queues.push(new SteeredQueue({ link, queue, bell, ...common }));
      }
      for (const [i, { memory }] of bells.entries()) {
        const kept = queues.filter(({ queue }) => queue % threads === i).map((queue) => queue.kept);
        keepers.push(await KeeperThread.start(kept, memory, keeperCpus?.[i % keeperCpus.length]));
      }
    } catch (error) {
      for (const keeper of keepers) await keeper.end();
      for (const queue of queues) queue.close();
      throw error;
    }
    return new BackendQueues(capacity, queues, keepers);
  }

  /** How many queues there are. */
  get size(): number {
    return this.#queues.length;
  }

  /**
   * Opens sockets for one backend on every queue.
   *
   * @param slot which of the places for backends, from 0 to below `capacity`
   * @throws as `BoundSocket.open`; XDP_ERR_USAGE for a slot that is taken or not there
   */
  openSockets(slot: number): BackendSockets {
    if (this.#isClosed) throw new XdpError('XDP_ERR_CLOSED', 'the queues are closed');
    if (this.#sockets.has(slot) || !(slot >= 0 && slot < this.capacity)) {
      throw new XdpError('XDP_ERR_USAGE', `slot ${slot} is not free: there are ${this.capacity}`);
    }
    const sockets = new BackendSockets(slot, this.#queues);
    this.#sockets.set(slot, sockets);
    return sockets;
  }

  /** Takes a backend's frames back and closes its sockets, whose thread has ended. Idempotent. */
  async closeSockets(slot: number): Promise<void> {
    const sockets = this.#sockets.get(slot);
    if (sockets === undefined) return;
    await sockets.close();
    this.#sockets.delete(slot);
  }

  /** Ends the keepers and closes all. No thread may be at any socket. @returns where the frames were, by queue */
  async close(): Promise<readonly FrameAccount[]> {
    if (this.#isClosed) return [];
    this.#isClosed = true;
    await Promise.all([...this.#sockets.values()].map((sockets) => sockets.close()));
    await Promise.all(this.#keepers.map((keeper) => keeper.end()));
    const accounts = this.#queues.map((queue) => queue.account());
    for (const queue of this.#queues) queue.close();
    return accounts;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }
}
