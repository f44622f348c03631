import { availableParallelism } from 'node:os';
import { chooseFrames, Device, type FrameChoice, PortWatch } from '../device/index.js';
import { FAULT_COUNTERS, FAULT_MARKS, type FaultCounts, FaultInjector, readFaultCounts } from '../faults/index.js';
import { getLink } from '../netdev/index.js';
import { requireCapabilities, XdpError } from '../sys/index.js';
import { TapQueue } from '../tap/index.js';
import { Batch, Umem } from '../xsk/index.js';
import { type BridgeOptions, checkBridgeOptions } from './bridge-options.js';
import { planSockets } from './bridge-plan.js';
import { type BridgeSample, readSample } from './bridge-sample.js';
import { Counters, DROP_REASONS } from './counters.js';
import type { EtherTypeCount } from './ether-type-table.js';
import { FaultLog } from './fault-log.js';
import { batchCapacity } from './forwarder.js';
import type { FrameAudit } from './frame-audit.js';
import { PipelineMemory } from './pipeline-memory.js';
import { type MacStatistics, readEtherTypes, readMacs } from './port-statistics.js';
import type { StatisticsPlace } from './statistics-stage.js';
import { type Resolvers, withResolvers } from './with-resolvers.js';
import { SEAT_BYTES, type SocketPlan } from './worker-plan.js';
import { WorkerSeat } from './worker-seat.js';
import { WorkerSockets } from './worker-sockets.js';

/** What a bridge leaves behind when it is closed. */
export interface BridgeSummary {
  readonly last: BridgeSample;
  /** Where each worker's frames were when everything had come to rest. */
  readonly audits: readonly FrameAudit[];
  /** Faults that are not in the fault log, because they found no room on their way there. */
  readonly faultLogLost: number;
}

const RING = 2048;
const BATCH = 256;
const HOLD_FRAMES = 1024;

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
  readonly frames: FrameChoice;
  /** Settings and sets of the stages, which can be changed while packets flow. */
  readonly pipeline: PipelineMemory;
  /** Where packets are tapped to, if there is one. */
  readonly tap: TapQueue | undefined;
  readonly #seats: readonly WorkerSeat[];
  readonly #sockets: readonly WorkerSockets[];
  readonly #plans: readonly (readonly SocketPlan[])[];
  readonly #counters: Counters;
  readonly #finish: Resolvers<BridgeSummary>;
  readonly #watch: PortWatch;
  readonly #faultLog: FaultLog | undefined;
  #closing: Promise<void> | undefined;

  private constructor(
    devices: readonly Device[],
    plans: readonly (readonly SocketPlan[])[],
    sockets: readonly WorkerSockets[],
    watch: PortWatch,
    frames: FrameChoice,
    tap: TapQueue | undefined,
    faultLog: FaultLog | undefined,
    options: BridgeOptions,
  ) {
    this.tap = tap;
    this.#faultLog = faultLog;
    this.devices = devices;
    this.frames = frames;
    this.workers = plans.length;
    this.#plans = plans;
    this.#sockets = sockets;
    const totalSockets = plans.flat().length;
    this.#counters = new Counters(totalSockets, plans.length);
    this.pipeline = PipelineMemory.create(devices.length, totalSockets);
    this.pipeline.settings.set('statistics', options.statistics ? 1 : 0);
    this.#finish = withResolvers<BridgeSummary>();
    this.finished = this.#finish.promise;
    // Whoever awaits it hears of a failure; whoever does not shall not be ended by it.
    this.finished.catch(() => {});
    const { cpus, callback, ring = RING, batch = Math.min(BATCH, ring), wait = 'adaptive' } = options;
    const onDeath = (worker: number, cause: unknown) => {
      const why = cause instanceof Error ? cause.message : String(cause);
      const message = `worker ${worker} died (${why}): another thread goes on in its place`;
      options.onEvent?.({ worker, change: 'replaced', message });
    };
    this.#seats = plans.map((plan, worker) => {
      const { places, umem } = sockets[worker]!;
      const seat = {
        worker,
        workers: plans.length,
        totalSockets,
        sockets: plan,
        places,
        umem: umem.place,
        cpu: cpus?.[worker % cpus.length],
        ring,
        batch,
        wait,
        batchMemory: Batch.memoryFor(umem.arena, batchCapacity(batch, umem)),
        seat: new SharedArrayBuffer(SEAT_BYTES),
        pipeline: this.pipeline.place,
        tap: tap?.mapInto(umem.arena),
        holdMemory: FaultInjector.holdMemory(options.holdFrames ?? HOLD_FRAMES),
        faultLog: faultLog?.rings[worker],
        counters: this.#counters.shared,
      };
      return new WorkerSeat(seat, umem.arena, callback?.href, onDeath);
    });
    this.#watch = watch;
    watch.follow({
      links: devices.map(({ link }) => link),
      capacity: longestOf(sockets),
      onEvent: options.onEvent,
      onEnd: (error) => void this.#fail(error),
    });
    faultLog?.start(({ message: why }) => {
      const message = `the fault log can't be written any more (${why}): packets go on without it`;
      options.onEvent?.({ change: 'fault-log-failed', message });
    });
  }

  /**
   * Takes the interfaces over and starts.
   *
   * @throws the signal's reason, XDP_ERR_USAGE for a value out of range or a fault log that can't be written,
   *   XDP_ERR_NO_QUEUE, XDP_ERR_QUEUE_TAKEN, XDP_ERR_ZEROCOPY_UNSUPPORTED, XDP_ERR_MEMLOCK, XDP_ERR_PLATFORM for busy
   *   polling before Linux 5.11, and what {@link Device.open} throws; nothing is left behind then
   */
  static async open(options: BridgeOptions): Promise<Bridge> {
    checkBridgeOptions(options);
    const { mode, force, netns, signal, cpus, ring = RING, batch = Math.min(BATCH, ring) } = options;
    const { zeroCopy = 'auto', busyPoll, ledger = false, holdFrames = HOLD_FRAMES } = options;
    signal?.throwIfAborted();
    requireCapabilities('bridging', ['CAP_NET_ADMIN', 'CAP_NET_RAW', 'CAP_BPF']);
    const devices: Device[] = [];
    const sockets: WorkerSockets[] = [];
    const watch = new PortWatch(netns);
    let tap: TapQueue | undefined;
    let faultLog: FaultLog | undefined;
    let bridge: Bridge | undefined;
    try {
      const frames = chooseFrames(options.interfaces, options);
      const { fragments } = frames;
      const capacity = Umem.capacityOf(frames.frameSize);
      for (const name of options.interfaces) {
        if (devices.length > 0) refuseTwin(name, devices, netns);
        const busy = { busyPoll: busyPoll !== undefined };
        devices.push(Device.open(name, { mode, force, netns, capacity, fragments, ...busy, promiscuous: true }));
      }
      const plans = planSockets(devices, options.workers, cpus?.length ?? availableParallelism());
      for (const plan of plans) {
        const settings = { ...frames, ring, batch, holdFrames, zeroCopy, busyPoll, ledger, netns, signal };
        sockets.push(await WorkerSockets.open(plan, settings));
      }
      if (options.tap !== undefined) {
        const names = { interfaces: options.interfaces, drops: DROP_REASONS, faults: FAULT_MARKS };
        tap = TapQueue.create({ name: options.tap, producers: plans.length, ...names });
      }
      if (options.faultLog !== undefined) {
        faultLog = new FaultLog(options.faultLog, plans.length, options.interfaces);
      }
      bridge = new Bridge(devices, plans, sockets, watch, frames, tap, faultLog, options);
      await bridge.#start();
      signal?.throwIfAborted();
      bridge.#closeOn(signal);
      return bridge;
    } catch (error) {
      if (bridge !== undefined) await bridge.#fail(error);
      watch.close();
      for (const device of devices.toReversed()) device.close();
      for (const each of sockets) each.close();
      tap?.close();
      faultLog?.close();
      throw error;
    }
  }

  /** What is counted so far, and where the frames are. */
  sample(): BridgeSample {
    const places = this.#sockets.flatMap((sockets) => sockets.places);
    const zeroCopy = places.some((place) => place.zeroCopy);
    const busyPoll = places.some((place) => place.busyPoll);
    const manner = { zeroCopy, multiBuffer: this.frames.fragments, busyPoll };
    return readSample(this.#watch.links, this.devices, this.#plans, this.#counters, manner);
  }

  /** What came in by a port, by source address; as long as statistics are on. */
  macs(port: number): MacStatistics {
    return readMacs(this.#statisticsOf(port));
  }

  /** What came in by a port, by EtherType and VLAN level; as long as statistics are on. */
  etherTypes(port: number): EtherTypeCount[] {
    return readEtherTypes(this.#statisticsOf(port));
  }

  /** What faults have done to the packets that came in by a port. */
  faultCounts(port: number): FaultCounts {
    const { faultCounts } = this.pipeline;
    const rows = this.#socketsOf(port).map(({ socket }) => {
      return readFaultCounts(faultCounts, PipelineMemory.faultRow(socket));
    });
    const sum = { ...rows[0]! };
    for (const row of rows.slice(1)) for (const name of FAULT_COUNTERS) sum[name] += row[name];
    return sum;
  }

  /**
   * Has the workers go on with another callback, or without one. They change between two batches, when the new one is loaded
   * and warm in all of them; no packet is lost by it.
   *
   * @param callback as in {@link BridgeOptions}
   * @throws XDP_ERR_WORKER when it can't be loaded, XDP_ERR_USAGE when more than two interfaces need one; the bridge goes on as it was
   */
  async replaceCallback(callback: URL | undefined): Promise<void> {
    if (callback === undefined && this.devices.length > 2) {
      throw new XdpError('XDP_ERR_USAGE', 'without a callback, a bridge has two interfaces, and a mirror one');
    }
    const prepared = await Promise.allSettled(this.#seats.map((seat) => seat.prepare(callback?.href)));
    const failure = prepared.find(({ status }) => status === 'rejected');
    if (failure !== undefined) {
      await Promise.all(
        prepared.map((one, i) => (one.status === 'fulfilled' ? this.#seats[i]!.dismiss(one.value) : undefined)),
      );
      throw (failure as PromiseRejectedResult).reason;
    }
    await Promise.all(
      prepared.map((one, i) => (one.status === 'fulfilled' ? this.#seats[i]!.seat(one.value) : undefined)),
    );
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

  #socketsOf(port: number): SocketPlan[] {
    return this.#plans.flat().filter((plan) => plan.port === port);
  }

  #statisticsOf(port: number): StatisticsPlace[] {
    return this.#socketsOf(port).map(({ socket }) => this.pipeline.place.statistics[socket]!);
  }

  async #start(): Promise<void> {
    await Promise.all(this.#seats.map((seat) => seat.ready));
    for (const [worker, { places }] of this.#sockets.entries()) {
      for (const [i, { queue, fd }] of places.entries()) {
        this.devices[this.#plans[worker]![i]!.port]!.sockets.set(queue, fd);
      }
    }
    for (const seat of this.#seats) seat.done.catch((error) => this.#fail(error));
  }

  #closeOn(signal: AbortSignal | undefined): void {
    // A failure on the way is told by `finished`.
    const close = () => void this.close().catch(() => {});
    signal?.addEventListener('abort', close, { once: true });
    this.finished.catch(() => {}).finally(() => signal?.removeEventListener('abort', close));
  }

  async #close(): Promise<void> {
    const audits = Promise.all(this.#seats.map((seat) => seat.done));
    await this.#release();
    await audits.then(
      (found) => {
        const faultLogLost = this.#faultLog?.lost ?? 0;
        this.#finish.resolve({ last: this.sample(), audits: found, faultLogLost });
      },
      (error) => this.#finish.reject(error),
    );
  }

  /** Ends with an error. Closes what is open first, so that whoever hears of it finds the machine whole. */
  async #fail(error: unknown): Promise<void> {
    this.#closing ??= this.#release();
    await this.#closing;
    this.#finish.reject(error);
  }

  /** Detaches, lets the workers end, and only then takes their sockets and memory away. */
  async #release(): Promise<void> {
    this.#watch.close();
    for (const device of this.devices.toReversed()) device.close();
    await Promise.all(this.#seats.map((seat) => seat.end()));
    for (const each of this.#sockets) each.close();
    this.tap?.close();
    this.#faultLog?.close();
  }
}

/** Bytes of the longest packet that all of them take in and send. */
function longestOf(sockets: readonly WorkerSockets[]): number {
  return Math.min(
    ...sockets.flatMap(({ umem, places }) => places.map(({ maxFragments }) => maxFragments * umem.capacity)),
  );
}

/** An interface may have several names (ip link property add altname). */
function refuseTwin(name: string, devices: readonly Device[], netns: string | undefined): void {
  const { index } = getLink(name, { netns });
  const twin = devices.find(({ link }) => link.index === index);
  if (twin === undefined) return;
  throw new XdpError('XDP_ERR_USAGE', `${name} and ${twin.link.name} are the same interface`);
}
