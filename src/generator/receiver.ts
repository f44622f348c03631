import { Device, type DeviceOptions } from '../device/index.js';
import { getLink } from '../netdev/index.js';
import { requireCapabilities, withNamespace } from '../sys/index.js';
import { BoundSocket, Umem, type ZeroCopy } from '../xsk/index.js';
import { replaceProgram } from './device-program.js';
import { InterfaceWatch } from './interface-watch.js';
import { addReceiveCounts, RECEIVE_SLOTS, type ReceiveCounts } from './receive-counters.js';
import type { ReceivePlan } from './receive-plan.js';
import { measureProgram } from './receive-program.js';
import { usage } from './usage.js';
import { Control } from './worker-messages.js';
import { WorkerThread } from './worker-thread.js';

export interface ReceiverOptions extends Pick<DeviceOptions, 'mode' | 'force' | 'netns' | 'promiscuous'> {
  readonly interface: string;
  /** Take all frames, not only those that measure: the host gets none then. Default false. */
  readonly all?: boolean | undefined;
  /** Threads; worker w serves the queues q with q modulo workers = w. Default 1. */
  readonly workers?: number | undefined;
  /** Processors that they are bound to. */
  readonly cpus?: readonly number[] | undefined;
  /** Default `auto`. */
  readonly zeroCopy?: ZeroCopy | undefined;
  /** `adaptive` (default) sleeps when nothing comes; `spin` never does, and measures latency without the time to wake up. */
  readonly wait?: 'adaptive' | 'spin' | undefined;
  /** Bytes: 2048 (default) or 4096. */
  readonly frameSize?: 2048 | 4096 | undefined;
}

/** Entries of each ring. */
const RING = 2048;
/** Frames that a worker has in its hands. */
const BATCH = 64;

/**
 * Counts the frames that come in on an interface, and measures those that a generator has marked (payload `measure`):
 * losses, order, latency. All other frames go on to the host.
 *
 * Needs CAP_NET_ADMIN, CAP_NET_RAW, CAP_BPF and CAP_SYS_ADMIN; Linux 5.10.
 */
export class Receiver {
  readonly device: Device;
  readonly workers: number;
  /** Whether the driver receives into our memory. */
  readonly zeroCopy: boolean;
  /** Rejects when it can't go on; otherwise never settles. */
  readonly failed: Promise<never>;
  readonly #opened: Opened;
  readonly #threads: readonly WorkerThread[];
  readonly #control: Int32Array;
  readonly #counters: Float64Array;
  #closed = false;

  private constructor(opened: Opened) {
    const { device, plans, watch } = opened;
    this.device = device;
    this.workers = plans.length;
    this.zeroCopy = plans.every(({ sockets }) => sockets.every((socket) => socket.zeroCopy));
    this.#opened = opened;
    this.#control = new Int32Array(plans[0]!.control);
    this.#counters = new Float64Array(plans[0]!.counters);
    this.#threads = plans.map((plan) => new WorkerThread('./receive-worker.js', plan, `xdpkit-receive-${plan.worker}`));
    this.failed = Promise.race([watch.lost, ...this.#threads.map(({ done }) => done.then(never))]);
    this.failed.catch(() => {});
  }

  /**
   * Takes the interface over, and begins to receive.
   *
   * @throws XDP_ERR_USAGE, XDP_ERR_QUEUE_TAKEN, XDP_ERR_MEMLOCK, and as {@link Device.open}
   */
  static async open(options: ReceiverOptions): Promise<Receiver> {
    requireCapabilities('receiving', ['CAP_NET_ADMIN', 'CAP_NET_RAW', 'CAP_BPF', 'CAP_SYS_ADMIN']);
    const receiver = new Receiver(new Opened(options));
    try {
      await Promise.all(receiver.#threads.map((thread) => thread.ready));
      receiver.#begin(options);
      return receiver;
    } catch (error) {
      await receiver.close();
      throw error;
    }
  }

  /** What has come in so far. */
  sample(): ReceiveCounts {
    return addReceiveCounts(this.#counters);
  }

  /** Gives the interface back. Idempotent. @returns what came in */
  async close(): Promise<ReceiveCounts> {
    if (!this.#closed) {
      this.#closed = true;
      // First the program: nothing comes in any more, and the workers take what has come.
      this.device.close();
      this.#order(Control.stop);
      this.#order(Control.go);
      for (const thread of this.#threads) await thread.end();
      this.#opened.close();
    }
    return this.sample();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  #begin({ all = false, netns }: ReceiverOptions): void {
    if (!all) replaceProgram(this.device, netns, measureProgram());
    for (const { sockets } of this.#opened.plans) {
      for (const { queue, fd } of sockets) this.device.sockets.set(queue, fd);
    }
    this.#order(Control.go);
  }

  #order(word: number): void {
    Atomics.store(this.#control, word, 1);
    Atomics.notify(this.#control, word);
  }
}

const never = () => new Promise<never>(() => {});

/** What is open for the workers, until they have ended. */
class Opened {
  readonly device: Device;
  readonly plans: readonly ReceivePlan[];
  readonly watch: InterfaceWatch;
  readonly #owned: { close(): void }[] = [];

  constructor(options: ReceiverOptions) {
    const { netns, mode, force, promiscuous, frameSize = 2048, wait = 'adaptive', cpus, workers = 1 } = options;
    try {
      this.watch = this.#own(new InterfaceWatch(getLink(options.interface, { netns }), netns));
      const capacity = Umem.capacityOf(frameSize);
      this.device = this.#own(Device.open(options.interface, { mode, force, netns, promiscuous, capacity }));
      const { rxQueues, name } = this.device.link;
      if (!(Number.isInteger(workers) && workers >= 1 && workers <= rxQueues)) {
        throw usage(
          `${workers} workers can't share the ${rxQueues} RX queues of ${name}`,
          `there are 1 to ${rxQueues}`,
        );
      }
      const control = new SharedArrayBuffer(Control.words * 4);
      const counters = new SharedArrayBuffer(workers * RECEIVE_SLOTS * 8);
      this.plans = Array.from({ length: workers }, (_, worker) => {
        const queues = Array.from({ length: rxQueues }, (_, queue) => queue).filter((q) => q % workers === worker);
        const umem = this.#own(new Umem({ frames: queues.length * (RING + BATCH), frameSize }));
        const sockets = queues.map((queue) => this.#own(this.#openSocket(umem, queue, options)).place);
        const cpu = cpus?.[worker % cpus.length];
        return { worker, cpu, sockets, umem: umem.place, ring: RING, wait, control, counters };
      });
    } catch (error) {
      this.close();
      throw error;
    }
  }

  close(): void {
    for (const owned of this.#owned.splice(0).toReversed()) owned.close();
  }

  #openSocket(umem: Umem, queue: number, { netns, zeroCopy }: ReceiverOptions): BoundSocket {
    const sizes = { rxSize: RING, txSize: 0, fillSize: RING, completionSize: 64 };
    const open = () => BoundSocket.open({ umem, interface: this.device.link, queue, zeroCopy, ...sizes });
    return netns === undefined ? open() : withNamespace<BoundSocket>(netns, open);
  }

  #own<T extends { close(): void }>(owned: T): T {
    this.#owned.push(owned);
    return owned;
  }
}
