import { getLink, type Link } from '../netdev/index.js';
import { requireCapabilities, XdpError } from '../sys/index.js';
import type { ZeroCopy } from '../xsk/index.js';
import { addressed } from './addressing.js';
import { monotonicNow } from './clock.js';
import type { TrafficDescription } from './description.js';
import { InterfaceWatch } from './interface-watch.js';
import { LiveEngine } from './live-engine.js';
import { addSendCounts, SEND_SLOTS, type SendCounts } from './send-counters.js';
import type { SendEngine, SendPlan } from './send-plan.js';
import { parseTraffic, type Traffic } from './traffic.js';
import { usage } from './usage.js';
import { Control } from './worker-messages.js';
import { WorkerThread } from './worker-thread.js';
import { XskEngine } from './xsk-engine.js';

/** `xsk`: AF_XDP TX rings. `live`: frames that the kernel makes by itself, live frames of BPF_PROG_TEST_RUN (Linux 5.18). */
export type Engine = 'xsk' | 'live';

export interface GeneratorOptions {
  readonly interface: string;
  /** Network namespace of the interface, by name or path. Default: the caller's. */
  readonly netns?: string | undefined;
  readonly traffic: TrafficDescription;
  /** Default `xsk`. */
  readonly engine?: Engine | undefined;
  /** Threads that send: with `xsk` each from a TX queue of its own. Default 1. */
  readonly workers?: number | undefined;
  /** Processors that they are bound to. */
  readonly cpus?: readonly number[] | undefined;
  /** Frames sent with one call: 1 to 256. Default 64. */
  readonly batch?: number | undefined;
  /** For `xsk`. Default `auto`. */
  readonly zeroCopy?: ZeroCopy | undefined;
  /** What errors call a property of the traffic. Default: its own name. */
  readonly nameOf?: ((key: string) => string) | undefined;
}

const MAX_BATCH = 256;
const MAX_WORKERS = 1024;

/**
 * Sends described frames, or those of a capture, out of an interface. Nothing has to be attached to it; but what comes
 * behind it may ask for that: a veth pair takes live frames only when an XDP program is on its other end, or GRO is on there.
 *
 * Needs CAP_NET_RAW (`xsk`, Linux 5.10), or CAP_BPF, CAP_NET_ADMIN and CAP_SYS_ADMIN (`live`, Linux 5.18).
 */
export class Generator {
  readonly link: Link;
  readonly engine: Engine;
  readonly workers: number;
  readonly traffic: Traffic;
  /** Whether the driver sends from our memory; undefined for live frames. */
  readonly zeroCopy: boolean | undefined;
  /** Resolves when all is sent, or it was stopped; rejects when it can't go on. */
  readonly finished: Promise<void>;
  readonly #netns: string | undefined;
  readonly #held: SendEngine;
  readonly #watch: InterfaceWatch;
  readonly #threads: readonly WorkerThread[];
  readonly #control: Int32Array;
  readonly #counters: Float64Array;
  #closed = false;

  private constructor(options: GeneratorOptions) {
    const { engine = 'xsk', netns, nameOf = (key: string) => key } = options;
    requireCapabilities(
      `generating with ${engine}`,
      engine === 'xsk' ? ['CAP_NET_RAW'] : ['CAP_BPF', 'CAP_NET_ADMIN', 'CAP_SYS_ADMIN'],
    );
    const link = getLink(options.interface, { netns });
    if (!link.up) {
      throw new XdpError('XDP_ERR_INTERFACE_DOWN', `${link.name} is down`, { advice: `ip link set ${link.name} up` });
    }
    const traffic = parseTraffic(addressed(options.traffic, link, netns, nameOf), nameOf);
    const senders = planSenders(options, traffic);
    this.link = link;
    this.#netns = netns;
    this.engine = engine;
    this.workers = senders.length;
    this.traffic = traffic;
    this.#control = new Int32Array(senders[0]!.control);
    this.#counters = new Float64Array(senders[0]!.counters);
    const held = { link, netns, traffic, zeroCopy: options.zeroCopy, senders };
    this.#held = engine === 'xsk' ? new XskEngine(held) : new LiveEngine(held);
    this.zeroCopy = this.#held.zeroCopy;
    try {
      this.#watch = new InterfaceWatch(link, netns);
    } catch (error) {
      this.#held.close();
      throw error;
    }
    this.#threads = this.#held.plans.map((plan) => {
      return new WorkerThread(this.#held.worker, plan, `xdpkit-generate-${plan.worker}`);
    });
    const done = Promise.all(this.#threads.map((thread) => thread.done)).then(() => {});
    this.finished = Promise.race([done, this.#watch.lost]).catch((error: unknown) => {
      throw this.#explained(error);
    });
    this.finished.catch(() => {});
  }

  /**
   * Gets everything ready; {@link start} begins to send.
   *
   * @throws XDP_ERR_USAGE, XDP_ERR_NO_INTERFACE, XDP_ERR_INTERFACE_DOWN, XDP_ERR_NO_QUEUE, XDP_ERR_QUEUE_TAKEN,
   *   XDP_ERR_CAPTURE, XDP_ERR_NATIVE_UNSUPPORTED (`live`), XDP_ERR_PERMISSION, XDP_ERR_MEMLOCK
   */
  static async open(options: GeneratorOptions): Promise<Generator> {
    const generator = new Generator(options);
    try {
      await Promise.all(generator.#threads.map((thread) => thread.ready));
      return generator;
    } catch (error) {
      await generator.close();
      throw error;
    }
  }

  /** Begins to send. Idempotent. */
  start(): void {
    Atomics.store(this.#control, Control.go, 1);
    Atomics.notify(this.#control, Control.go);
  }

  /** Ends it: {@link finished} resolves when what was on its way is out. */
  stop(): void {
    Atomics.store(this.#control, Control.stop, 1);
    Atomics.notify(this.#control, Control.stop);
    // Those that wait for the word to begin have to hear it.
    this.start();
  }

  /** What has been sent so far. */
  sample(): SendCounts {
    return addSendCounts(this.#counters, monotonicNow());
  }

  /** Stops, and gives everything back. Idempotent. @returns what was sent */
  async close(): Promise<SendCounts> {
    if (!this.#closed) {
      this.#closed = true;
      this.stop();
      for (const thread of this.#threads) await thread.end();
      this.#watch.close();
      this.#held.close();
    }
    return this.sample();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  /** An interface on its way out is down first. */
  #explained(error: unknown): unknown {
    if (!(error instanceof XdpError) || error.code !== 'XDP_ERR_INTERFACE_DOWN') return error;
    try {
      getLink(this.link.index, { netns: this.#netns });
      return error;
    } catch (cause) {
      return new XdpError('XDP_ERR_INTERFACE_GONE', `${this.link.name} went away while it was in use`, { cause });
    }
  }
}

/** What every engine tells its senders. */
function planSenders({ workers = 1, batch = 64, cpus }: GeneratorOptions, traffic: Traffic): SendPlan[] {
  if (!(Number.isInteger(batch) && batch >= 1 && batch <= MAX_BATCH)) {
    throw usage(`a batch has 1 to ${MAX_BATCH} frames, not ${batch}`);
  }
  if (!(Number.isInteger(workers) && workers >= 1 && workers <= MAX_WORKERS)) {
    throw usage(`there are 1 to ${MAX_WORKERS} workers, not ${workers}`);
  }
  if (workers > 1 && traffic.frames.kind === 'replayed') throw usage('a replay has one worker, which keeps its order');
  const control = new SharedArrayBuffer(Control.words * 4);
  const counters = new SharedArrayBuffer(workers * SEND_SLOTS * 8);
  return Array.from({ length: workers }, (_, worker) => ({
    worker,
    workers,
    rate: traffic.rate,
    // Frames worker, worker + workers, and so on, below the count.
    count: Math.max(0, Math.ceil((traffic.count - worker) / workers)),
    duration: traffic.duration,
    batch,
    cpu: cpus?.[worker % cpus.length],
    control,
    counters,
  }));
}
