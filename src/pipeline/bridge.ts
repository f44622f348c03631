import { availableParallelism } from 'node:os';
import { Device, type DeviceOptions } from '../device/index.js';
import { getLink } from '../netdev/index.js';
import { requireCapabilities, XdpError } from '../sys/index.js';
import { Umem, type ZeroCopy } from '../xsk/index.js';
import { planSockets } from './bridge-plan.js';
import { type BridgeSample, readSample } from './bridge-sample.js';
import { BridgeWorker } from './bridge-worker.js';
import { Counters } from './counters.js';
import type { FrameAudit } from './frame-audit.js';
import { type Resolvers, withResolvers } from './with-resolvers.js';
import { Control, type SocketPlan } from './worker-plan.js';

export interface BridgeOptions {
  /** Two interfaces; with a callback, any number from one up. A port is an interface's place in this list. */
  readonly interfaces: readonly string[];
  /** Module whose default export is a {@link PacketCallback}; each worker loads its own copy. */
  readonly callback?: URL | undefined;
  /** Threads. Default: as many as `cpus`, or as processors, and at most the smallest queue count. */
  readonly workers?: number | undefined;
  /** Processors to bind the workers to, in turn. Default: none, the scheduler chooses. */
  readonly cpus?: readonly number[] | undefined;
  readonly mode?: DeviceOptions['mode'];
  /** Default `auto`. */
  readonly zeroCopy?: ZeroCopy | undefined;
  /** Bytes: 2048 (default), or 4096 for an MTU above 1514. */
  readonly frameSize?: 2048 | 4096 | undefined;
  /** Entries of each ring: a power of two from 64 to 16384. Default 2048. */
  readonly ring?: number | undefined;
  /** Packets handled at once: 1 to 1024. Default 64. */
  readonly batch?: number | undefined;
  /** `adaptive` (default) sleeps when nothing comes; `spin` never sleeps and takes a whole processor for each worker. */
  readonly wait?: 'adaptive' | 'spin' | undefined;
  readonly force?: boolean | undefined;
  /** Network namespace of the interfaces, by name or path. Default: the caller's. */
  readonly netns?: string | undefined;
  /** Checks every change of a frame's owner, at the cost of some speed. Default false. */
  readonly ledger?: boolean | undefined;
  /** Ends the opening with the signal's reason, and closes the bridge when it is open. */
  readonly signal?: AbortSignal | undefined;
}

/** What a bridge leaves behind when it is closed. */
export interface BridgeSummary {
  readonly last: BridgeSample;
  /** Where each worker's frames were when everything had come to rest. */
  readonly audits: readonly FrameAudit[];
}

/** Milliseconds between two looks whether the interfaces are still there. */
const WATCH = 500;

/**
 * Moves frames between interfaces through AF_XDP, on worker threads: transparent, every frame, in the order of each
 * queue. This object is the control plane; no packet passes through it.
 *
 * Needs CAP_NET_ADMIN, CAP_NET_RAW and CAP_BPF, and CAP_IPC_LOCK or a sufficient limit of locked memory; Linux 5.10.
 */
export class Bridge implements AsyncDisposable {
  /** Resolves when the bridge is closed; rejects when it could not go on, and is closed by then. */
  readonly finished: Promise<BridgeSummary>;
  readonly devices: readonly Device[];
  readonly workers: number;
  readonly #workers: readonly BridgeWorker[];
  readonly #plans: readonly (readonly SocketPlan[])[];
  readonly #control: Int32Array;
  readonly #counters: Counters;
  readonly #finish: Resolvers<BridgeSummary>;
  readonly #watch: NodeJS.Timeout;
  #zeroCopy: readonly boolean[] = [];
  #closing: Promise<void> | undefined;

  private constructor(devices: readonly Device[], plans: readonly (readonly SocketPlan[])[], options: BridgeOptions) {
    this.devices = devices;
    this.workers = plans.length;
    this.#plans = plans;
    const totalSockets = plans.flat().length;
    const control = new SharedArrayBuffer(4);
    this.#control = new Int32Array(control);
    this.#counters = new Counters(totalSockets, plans.length);
    this.#finish = withResolvers<BridgeSummary>();
    this.finished = this.#finish.promise;
    // Whoever awaits it hears of a failure; whoever does not shall not be ended by it.
    this.finished.catch(() => {});
    const { cpus, netns, callback, zeroCopy = 'auto', frameSize = 2048, ring = 2048, batch = 64 } = options;
    this.#workers = plans.map(
      (sockets, worker) =>
        new BridgeWorker({
          worker,
          workers: plans.length,
          totalSockets,
          sockets,
          cpu: cpus?.[worker % cpus.length],
          netns,
          frameSize,
          ring,
          batch,
          zeroCopy,
          wait: options.wait ?? 'adaptive',
          ledger: options.ledger ?? false,
          callback: callback?.href,
          control,
          counters: this.#counters.shared,
        }),
    );
    this.#watch = setInterval(() => this.#checkInterfaces(netns), WATCH);
    this.#watch.unref();
  }

  /**
   * Takes the interfaces over and starts.
   *
   * @throws the signal's reason, XDP_ERR_USAGE for a value out of range, XDP_ERR_NO_QUEUE, XDP_ERR_QUEUE_TAKEN, XDP_ERR_ZEROCOPY_UNSUPPORTED,
   *   XDP_ERR_MEMLOCK, and what {@link Device.open} throws; nothing is left behind then
   */
  static async open(options: BridgeOptions): Promise<Bridge> {
    check(options);
    const { signal } = options;
    signal?.throwIfAborted();
    requireCapabilities('bridging', ['CAP_NET_ADMIN', 'CAP_NET_RAW', 'CAP_BPF']);
    const devices: Device[] = [];
    let bridge: Bridge | undefined;
    try {
      const { mode, force, netns, frameSize = 2048 } = options;
      const capacity = Umem.capacityOf(frameSize);
      for (const name of options.interfaces) {
        devices.push(Device.open(name, { mode, force, netns, capacity, promiscuous: true }));
      }
      bridge = new Bridge(
        devices,
        planSockets(devices, options.workers, options.cpus?.length ?? availableParallelism()),
        options,
      );
      await bridge.#start();
      signal?.throwIfAborted();
      const opened = bridge;
      const stop = () => void opened.close();
      signal?.addEventListener('abort', stop, { once: true });
      opened.finished.finally(() => signal?.removeEventListener('abort', stop)).catch(() => {});
      return bridge;
    } catch (error) {
      if (bridge !== undefined) await bridge.#fail(error);
      for (const device of devices.toReversed()) device.close();
      throw error;
    }
  }

  /** What is counted so far, and where the frames are. */
  sample(): BridgeSample {
    return readSample(this.devices, this.#plans, this.#counters, this.#zeroCopy);
  }

  /** Detaches, sends what has come in, gives everything back. Idempotent. */
  async close(): Promise<BridgeSummary> {
    this.#closing ??= this.#close();
    await this.#closing;
    return this.finished;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  async #start(): Promise<void> {
    const ready = await Promise.all(this.#workers.map((worker) => worker.ready));
    const sockets = ready.flatMap((message) => message.sockets);
    for (const { port, queue, fd } of sockets) this.devices[port]!.sockets.set(queue, fd);
    this.#zeroCopy = this.devices.map((_, i) => sockets.some(({ port, zeroCopy }) => port === i && zeroCopy));
    for (const worker of this.#workers) worker.done.catch((error) => this.#fail(error));
  }

  async #close(): Promise<void> {
    const audits = Promise.all(this.#workers.map((worker) => worker.done));
    await this.#release();
    await audits.then(
      (found) => this.#finish.resolve({ last: this.sample(), audits: found }),
      (error) => this.#finish.reject(error),
    );
  }

  /** Ends with an error. Closes what is open first, so that whoever hears of it finds the machine whole. */
  async #fail(error: unknown): Promise<void> {
    this.#closing ??= this.#release();
    await this.#closing;
    this.#finish.reject(error);
  }

  async #release(): Promise<void> {
    clearInterval(this.#watch);
    for (const device of this.devices.toReversed()) device.close();
    Atomics.store(this.#control, Control.stop, 1);
    await Promise.all(this.#workers.map((worker) => worker.end()));
  }

  #checkInterfaces(netns: string | undefined): void {
    for (const { link } of this.devices) {
      try {
        getLink(link.index, { netns });
      } catch (cause) {
        const error = new XdpError('XDP_ERR_INTERFACE_GONE', `${link.name} went away while it was bridged`, { cause });
        void this.#fail(error);
        return;
      }
    }
  }
}

function check(options: BridgeOptions): void {
  const { interfaces, callback, workers, cpus, frameSize = 2048, ring = 2048, batch = 64 } = options;
  const demand = (holds: boolean, message: string) => {
    if (!holds) throw new XdpError('XDP_ERR_USAGE', message);
  };
  const whole = (value: number, low: number, high: number) => Number.isInteger(value) && value >= low && value <= high;
  if (callback === undefined) demand(interfaces.length === 2, `a bridge has two interfaces, not ${interfaces.length}`);
  else demand(interfaces.length > 0, 'there has to be an interface');
  demand(new Set(interfaces).size === interfaces.length, 'an interface was named twice');
  demand(workers === undefined || whole(workers, 1, 1024), `there are 1 to 1024 workers, not ${workers}`);
  demand(
    cpus === undefined || (cpus.length > 0 && cpus.every((cpu) => whole(cpu, 0, 8191))),
    `processors are whole numbers from 0 up, not ${cpus?.join(',')}`,
  );
  demand(frameSize === 2048 || frameSize === 4096, `a frame has 2048 or 4096 bytes, not ${frameSize}`);
  demand(
    whole(ring, 64, 16384) && (ring & (ring - 1)) === 0,
    `a ring has a power of two from 64 to 16384 entries, not ${ring}`,
  );
  demand(whole(batch, 1, 1024) && batch <= ring, `a batch has 1 to 1024 packets and fits into a ring, not ${batch}`);
}
