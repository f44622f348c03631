import type { XdpError } from '../../sys/index.js';
import { Backend } from './backend.js';
import type { BackendQueues } from './backend-queues.js';
import type { BackendSockets, SocketPlaces } from './backend-sockets.js';
import { BackendThread } from './backend-thread.js';

/** Who serves a backend's packets: a module on a thread of its own. */
export interface BackendServer {
  /**
   * The module: its default export is called with the backend (`BackendModule`), on a thread of its own, and again in a new
   * process's thread only.
   */
  readonly module: URL | string;
  /** What the module is given beside: anything that can be cloned. */
  readonly data?: unknown;
  /** Processor that the thread is bound to. */
  readonly cpu?: number | undefined;
}

/** A backend with sockets, and whoever is at them: a thread of its own, or the one that opened it. */
export class ServedBackend {
  readonly id: number;
  readonly sockets: BackendSockets;
  /** On this thread's event loop; undefined when a module serves it. */
  readonly local: Backend | undefined;
  readonly #queues: BackendQueues;
  readonly #thread: BackendThread | undefined;

  private constructor(
    id: number,
    sockets: BackendSockets,
    queues: BackendQueues,
    by: { readonly local?: Backend; readonly thread?: BackendThread },
  ) {
    this.id = id;
    this.sockets = sockets;
    this.#queues = queues;
    this.local = by.local;
    this.#thread = by.thread;
  }

  /** Resolves when its module is ready. @throws as `BoundSocket.open`, and XDP_ERR_WORKER; nothing stays open then */
  static async start(id: number, slot: number, queues: BackendQueues, server: BackendServer): Promise<ServedBackend> {
    const sockets = queues.openSockets(slot);
    const { module, data, cpu } = server;
    try {
      const place = sockets.place(id);
      const thread = await BackendThread.start({ place, module: String(module), data, cpu });
      return new ServedBackend(id, sockets, queues, { thread });
    } catch (error) {
      await queues.closeSockets(slot);
      throw error;
    }
  }

  /** On this thread's event loop. @throws as `BoundSocket.open` */
  static here(id: number, slot: number, queues: BackendQueues): ServedBackend {
    const sockets = queues.openSockets(slot);
    return new ServedBackend(id, sockets, queues, { local: Backend.at(sockets.place(id)) });
  }

  /** Calls back when its thread dies without having been told to end. */
  onDeath(callback: (failure: XdpError) => void): void {
    void this.#thread?.ended.then((failure) => failure && callback(failure));
  }

  /** From now on packets come. */
  enter(places: SocketPlaces): void {
    this.sockets.enter(places);
  }

  /** Lets it read what has come, ends it, and takes its frames back. */
  async close(): Promise<void> {
    this.sockets.leave();
    await this.#thread?.end();
    this.local?.close();
    await this.#queues.closeSockets(this.sockets.slot);
  }
}
