import { chooseFrames, Device, type DeviceOptions, type PortEvent, PortWatch } from '../../device/index.js';
import { getLink } from '../../netdev/index.js';
import { requireCapabilities, XdpError } from '../../sys/index.js';
import { Umem } from '../../xsk/index.js';
import { type BackendOptions, Steering, type SteeringOptions } from '../steering/index.js';
import type { Backend } from './backend.js';
import { BackendQueues, type BackendQueuesOptions } from './backend-queues.js';
import type { FrameAccount } from './frame-account.js';
import { type BackendServer, ServedBackend } from './served-backend.js';
import { readSteeringSample, type SteeringSample } from './steering-sample.js';

/** A backend that a module serves, or whose packets go to the host or nowhere. */
export interface SteeredBackendOptions extends BackendOptions, Partial<BackendServer> {
  /** It keeps its connections, and gets no new ones. Default false. */
  readonly draining?: boolean | undefined;
}

/** What happens while an interface is steered, and does not end it. */
export type SteeringEvent =
  | (PortEvent & { readonly type: 'interface' })
  /** Its thread died; it was removed, and its flows go elsewhere. */
  | { readonly type: 'backend-failed'; readonly id: number; readonly message: string };

export interface OpenSteeringOptions
  extends Pick<DeviceOptions, 'mode' | 'force' | 'netns' | 'promiscuous'>,
    Omit<SteeringOptions, 'queues'>,
    Pick<BackendQueuesOptions, 'rings' | 'keepers' | 'keeperCpus' | 'zeroCopy'> {
  readonly backends?: readonly SteeredBackendOptions[] | undefined;
  /** Backends at most; each has memory set aside on every queue. Default: twice as many as `backends`, and 8 at least. */
  readonly capacity?: number | undefined;
  /** Bytes of a frame: 2048 or 4096. Default: what holds a packet of the interface's MTU. */
  readonly frameSize?: number | undefined;
  /** Pin program and maps under this name, so that others (`xdpkit quic`, bpftool) find them. Default: they are not pinned. */
  readonly pin?: string | undefined;
  readonly onEvent?: ((event: SteeringEvent) => void) | undefined;
}

/**
 * An interface whose QUIC packets go to backends by their connection IDs, each at the sockets of the backend that its ID names,
 * whichever queue it comes in by. Everything else goes on to the host, which also gets the interface back when this is closed or
 * the process ends.
 */
export class SteeredInterface implements AsyncDisposable {
  readonly device: Device;
  /** Program, maps and backends as the kernel has them. */
  readonly steering: Steering;
  /** Rejects when the work can't go on: XDP_ERR_INTERFACE_GONE, XDP_ERR_QUEUES_CHANGED, XDP_ERR_WORKER. Does not resolve. */
  readonly failed: Promise<never>;
  readonly #queues: BackendQueues;
  readonly #served: Map<number, ServedBackend> = new Map();
  readonly #options: OpenSteeringOptions;
  readonly #watch: PortWatch;
  #closing: Promise<readonly FrameAccount[]> | undefined;

  private constructor(parts: Parts, options: OpenSteeringOptions) {
    this.device = parts.device;
    this.steering = parts.steering;
    this.#queues = parts.queues;
    this.#watch = parts.watch;
    this.#options = options;
    this.failed = new Promise((_, reject) => {
      parts.queues.failed.catch(reject);
      parts.watch.follow({
        links: [parts.device.link],
        capacity: parts.capacity,
        onEvent: (event) => options.onEvent?.({ type: 'interface', ...event }),
        onEnd: reject,
      });
    });
    this.failed.catch(() => {});
  }

  /** See {@link openSteering}. */
  static async open(name: string, options: OpenSteeringOptions): Promise<SteeredInterface> {
    requireCapabilities('QUIC steering', ['CAP_NET_ADMIN', 'CAP_NET_RAW', 'CAP_BPF']);
    const steered = new SteeredInterface(await openParts(name, options), options);
    try {
      for (const backend of options.backends ?? []) {
        await steered.add(backend);
        if (backend.draining) steered.steering.drain(backend.id);
      }
      if (options.pin !== undefined) steered.steering.pin(options.pin);
    } catch (error) {
      await steered.close();
      throw error;
    }
    return steered;
  }

  /**
   * Adds a backend: packets with its IDs go there from now on, and its share of new connections. One with the act `socket`, which is
   * the default, names a module.
   *
   * @throws XDP_ERR_USAGE when one has this id already, there is no room, or something is out of range; XDP_ERR_WORKER when its
   *   module could not be started
   */
  async add(options: SteeredBackendOptions): Promise<void> {
    const { id, act = 'socket', module } = options;
    if (act !== 'socket') {
      this.steering.add(options);
      return;
    }
    if (module === undefined) throw usage(`backend ${id} has no module to serve it: only openBackend() does without`);
    const slot = this.#freeSlot(id);
    const served = await ServedBackend.start(id, slot, this.#queues, { ...options, module });
    try {
      this.#enter(served, options);
    } catch (error) {
      await served.close();
      throw error;
    }
  }

  /**
   * Adds a backend that this thread serves itself, on its event loop: packets wait until it asks for them.
   *
   * @throws as {@link add}
   */
  openBackend(options: Pick<BackendOptions, 'id' | 'weight'>): Backend {
    const served = ServedBackend.here(options.id, this.#freeSlot(options.id), this.#queues);
    try {
      this.#enter(served, options);
    } catch (error) {
      void served.close();
      throw error;
    }
    return served.local!;
  }

  /** Its connections stay, and new ones go elsewhere. @throws XDP_ERR_USAGE when there is no such backend */
  drain(id: number): void {
    this.steering.drain(id);
  }

  /** Ends draining. @throws XDP_ERR_USAGE */
  activate(id: number): void {
    this.steering.activate(id);
  }

  /** @param weight its share of new connections beside the others', 1 to 65535 @throws XDP_ERR_USAGE */
  weigh(id: number, weight: number): void {
    this.steering.weigh(id, weight);
  }

  /** Takes a backend away: its IDs are unknown from now on, and its flows go elsewhere. @throws XDP_ERR_USAGE */
  async remove(id: number): Promise<void> {
    this.steering.remove(id);
    const served = this.#served.get(id);
    this.#served.delete(id);
    await served?.close();
  }

  /** Where it stands. */
  sample(): SteeringSample {
    return readSteeringSample(this.steering, this.#served);
  }

  /** Gives the interface back to the host, then ends all backends. Idempotent. @returns where the frames were, by queue */
  async close(): Promise<readonly FrameAccount[]> {
    this.#closing ??= this.#close();
    return await this.#closing;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  async #close(): Promise<readonly FrameAccount[]> {
    this.#watch.close();
    this.device.close();
    if (this.#options.pin !== undefined) Steering.unpin(this.#options.pin);
    await Promise.all([...this.#served.values()].map((served) => served.close()));
    this.#served.clear();
    const accounts = await this.#queues.close();
    this.steering.close();
    return accounts;
  }

  #enter(served: ServedBackend, options: BackendOptions): void {
    const { id } = served;
    const { slot } = served.sockets;
    // Sockets before packets: what comes for a backend without one passes to the host.
    served.enter({
      set: (queue, fd) => this.steering.setSocket(slot, queue, fd),
      unset: (queue) => this.steering.unsetSocket(slot, queue),
    });
    const { slot: got } = this.steering.add(options);
    if (got !== slot) throw new XdpError('XDP_ERR_INTERNAL', `backend ${id} has got slot ${got}, not ${slot}`);
    this.#served.set(id, served);
    served.onDeath(({ message }) => void this.#died(id, message));
  }

  async #died(id: number, message: string): Promise<void> {
    if (this.#closing !== undefined || !this.#served.has(id)) return;
    await this.remove(id);
    this.#options.onEvent?.({ type: 'backend-failed', id, message });
  }

  #freeSlot(id: number): number {
    if (this.#closing !== undefined) throw new XdpError('XDP_ERR_CLOSED', `${this.device.link.name} is closed`);
    const backends = this.steering.backends();
    if (backends.some((backend) => backend.id === id)) throw usage(`there is a backend with id ${id} already`);
    const taken = new Set(backends.map(({ slot }) => slot));
    for (let slot = 0; slot < this.steering.capacity; slot++) if (!taken.has(slot)) return slot;
    throw usage(`there is room for ${this.steering.capacity} backends, and they are there`);
  }
}

/**
 * Steers the QUIC packets of an interface to backends. Needs CAP_NET_ADMIN, CAP_NET_RAW and CAP_BPF, and CAP_IPC_LOCK or a
 * sufficient limit of locked memory; Linux 5.15.
 *
 * ```ts
 * await using steered = await openSteering('eth1', {
 *   codec: cidCodec({ codec: 'cidv1' }),
 *   ports: [4433],
 *   backends: [{ id: 1, module: new URL('./server.js', import.meta.url) }],
 * });
 * const own = steered.openBackend({ id: 2 });
 * own.onPacket((packet) => (console.log(packet.summary()), -1));
 * ```
 *
 * @throws what `Device.open`, `Steering.load` and `BoundSocket.open` throw, and XDP_ERR_WORKER; nothing stays open then
 */
export async function openSteering(name: string, options: OpenSteeringOptions): Promise<SteeredInterface> {
  return await SteeredInterface.open(name, options);
}

interface Parts {
  readonly device: Device;
  readonly steering: Steering;
  readonly queues: BackendQueues;
  readonly watch: PortWatch;
  /** Bytes that a frame holds of a packet. */
  readonly capacity: number;
}

const LEAST_CAPACITY = 8;

async function openParts(name: string, options: OpenSteeringOptions): Promise<Parts> {
  const { mode, force, netns, promiscuous, backends = [] } = options;
  const slots = options.capacity ?? Math.max(LEAST_CAPACITY, 2 * backends.length);
  const { frameSize } = chooseFrames([name], options);
  const capacity = Umem.capacityOf(frameSize);
  const opened: { close(): void }[] = [];
  try {
    const watch = new PortWatch(netns);
    opened.push(watch);
    const steering = Steering.load({ ...options, queues: getLink(name, { netns }).rxQueues, capacity: slots });
    opened.push(steering);
    const { program } = steering;
    // Without backends every packet still goes to the host.
    const device = Device.open(name, { mode, force, netns, promiscuous, capacity, program });
    opened.push(device);
    const zeroCopySegments = device.features?.zeroCopySegments;
    const queues = await BackendQueues.open(device.link, { ...options, capacity: slots, frameSize, zeroCopySegments });
    return { device, steering, queues, watch, capacity };
  } catch (error) {
    for (const part of opened.toReversed()) part.close();
    throw error;
  }
}

function usage(message: string): XdpError {
  return new XdpError('XDP_ERR_USAGE', message);
}
