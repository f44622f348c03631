import { chooseFrames, Device, type DeviceOptions, type PortEvent, PortWatch } from '../device/index.js';
import { calls, requireCapabilities, type Watch, withNamespace, XdpError } from '../sys/index.js';
import { summary } from '../wire/index.js';
import { openXskSocket, Umem, type XskSocket, type ZeroCopy } from '../xsk/index.js';
import type { PacketCallback } from './callback.js';
import { addCounts, Counters, type SocketCounts } from './counters.js';
import { Forwarder } from './forwarder.js';
import { FrameSender } from './frame-sender.js';

export interface OpenInterfaceOptions extends Pick<DeviceOptions, 'mode' | 'force' | 'netns' | 'promiscuous'> {
  /** Queues to take. Default: all. The host keeps the others. */
  readonly queues?: readonly number[] | undefined;
  /** Default `auto`. */
  readonly zeroCopy?: ZeroCopy | undefined;
  /**
   * Bytes: an even number from 2048 to 4096. Default 2048, or 4096 where 2048 hold no packet of the MTU (above 1770), and with igb and igc. Where
   * a frame does not hold a packet either, packets come in several fragments (Linux 6.6, and a driver that can).
   */
  readonly frameSize?: number | undefined;
  /** Entries of each ring: a power of two. Default 1024. */
  readonly ring?: number | undefined;
  /** Called when something happens to the interface after which its packets go on. */
  readonly onEvent?: ((event: PortEvent) => void) | undefined;
}

/** A packet of one's own: a copy, to keep as long as one likes. */
export class ReceivedPacket {
  /** From the Ethernet header on. */
  readonly bytes: Uint8Array;
  readonly queue: number;

  constructor(bytes: Uint8Array, queue: number) {
    this.bytes = bytes;
    this.queue = queue;
  }

  /** One line for people. */
  summary(): string {
    return summary(this.bytes, 0, this.bytes.length);
  }
}

/** Packets that wait for a slow reader of {@link PacketInterface.packets}; more are dropped and counted. */
const WAITING = 4096;
const BATCH = 64;
/** Milliseconds until a device that took no more frames is asked again. */
const STALLED_PAUSE = 1;
/** Turns at one call of the event loop: timers and other sockets shall not starve. */
const TURNS = 8;

/** Packets between the callback that takes them in and the loop that reads them. */
interface Inbox {
  readonly waiting: ReceivedPacket[];
  wake: () => void;
}

/**
 * An interface whose packets come to this thread, on its event loop: for programs that want packets, not the last of
 * their speed (a {@link Bridge} runs on threads of its own). The host gets every packet until somebody asks for them here,
 * and again when the interface is closed.
 */
export class PacketInterface implements Disposable {
  readonly device: Device;
  readonly #umem: Umem;
  readonly #sockets: readonly XskSocket[];
  readonly #counters: Counters;
  /** By the first queue that can. */
  readonly #sender: FrameSender | undefined;
  readonly #watch: PortWatch;
  #watches: Watch[] = [];
  #end = () => {};
  #failure: unknown;
  #closed = false;
  /** Packets that {@link packets} had no room for. */
  missed = 0;

  /** See {@link openInterface}. */
  constructor(name: string, options: OpenInterfaceOptions) {
    requireCapabilities('AF_XDP', ['CAP_NET_ADMIN', 'CAP_NET_RAW', 'CAP_BPF']);
    const { mode, force, netns, promiscuous, ring = 1024, zeroCopy } = options;
    const { frameSize, fragments } = chooseFrames([name], options);
    const capacity = Umem.capacityOf(frameSize);
    this.#watch = new PortWatch(netns);
    try {
      this.device = Device.open(name, { mode, force, netns, promiscuous, capacity, fragments });
    } catch (error) {
      this.#watch.close();
      throw error;
    }
    const { link, features } = this.device;
    const sockets: XskSocket[] = [];
    let umem: Umem | undefined;
    try {
      const queues = options.queues ?? Array.from({ length: link.rxQueues }, (_, queue) => queue);
      checkQueues(link.name, link.rxQueues, queues);
      umem = new Umem({ frames: queues.length * (3 * ring + BATCH), frameSize, fragments });
      for (const queue of queues) {
        const txSize = queue < link.txQueues ? ring : 0;
        const sizes = { rxSize: ring, txSize, fillSize: ring, completionSize: ring };
        const mode = { zeroCopy, zeroCopySegments: features?.zeroCopySegments };
        const open = () => openXskSocket({ umem: umem!, interface: link, queue, ...mode, ...sizes });
        sockets.push(netns === undefined ? open() : withNamespace<XskSocket>(netns, open));
      }
    } catch (error) {
      this.#watch.close();
      this.device.close();
      for (const socket of sockets.toReversed()) socket.close();
      umem?.close();
      throw error;
    }
    this.#umem = umem;
    this.#sockets = sockets;
    this.#counters = new Counters(sockets.length, 0);
    const sending = sockets.find(({ tx }) => tx !== undefined);
    this.#sender = sending && new FrameSender(umem, sending);
    const onEnd = (error: unknown) => {
      this.#failure = error;
      this.close();
    };
    const longest = capacity * Math.min(...sockets.map(({ maxFragments }) => maxFragments));
    this.#watch.follow({ links: [link], capacity: longest, onEvent: options.onEvent, onEnd });
  }

  /**
   * Hands every packet to `callback`, in place, on the event loop: it returns 0 to send the packet out of this interface
   * again, or -1 to be done with it. Takes the packets away from the host; `undefined` gives them back.
   *
   * @throws XDP_ERR_CLOSED
   */
  onPacket(callback: PacketCallback | undefined): void {
    if (this.#closed) throw new XdpError('XDP_ERR_CLOSED', `${this.device.link.name} is closed`);
    this.#stop();
    if (callback === undefined) return;
    const { partialChecksums } = this.device;
    const forwarder = new Forwarder({
      umem: this.#umem,
      sockets: this.#sockets.map((socket, i) => {
        return { socket, port: 0, row: this.#counters.socketRow(i), partialChecksums };
      }),
      counters: this.#counters.slots,
      batch: BATCH,
      callback,
    });
    let again: NodeJS.Timeout | undefined;
    const turns = () => {
      clearTimeout(again);
      for (let i = 0; i < TURNS && forwarder.turn() > 0; i++);
      forwarder.sample();
      // No packet may come to tell that the device takes frames again.
      if (forwarder.isStalled) again = setTimeout(turns, STALLED_PAUSE);
    };
    this.#end = () => clearTimeout(again);
    // The first turn fills the fill rings, before the first packet can come.
    turns();
    for (const { queue, fd } of this.#sockets) {
      this.#watches.push(calls.watch(fd, turns));
      this.device.sockets.set(queue, fd);
    }
  }

  /**
   * The packets as they come, as copies, from this call on. Ends when the interface is closed or the loop is left; the host
   * has them again then. One reader at a time; a slow one misses packets ({@link missed}).
   *
   * @throws XDP_ERR_CLOSED; the loop throws XDP_ERR_INTERFACE_GONE, and the signal's reason
   */
  packets(options: { readonly signal?: AbortSignal } = {}): AsyncGenerator<ReceivedPacket, void, undefined> {
    const inbox: Inbox = { waiting: [], wake: () => {} };
    this.onPacket((packet, _ingress, queue) => {
      if (inbox.waiting.length < WAITING) inbox.waiting.push(new ReceivedPacket(packet.copy(), queue));
      else this.missed++;
      inbox.wake();
      return -1;
    });
    return this.#read(inbox, options.signal);
  }

  async *#read(inbox: Inbox, signal: AbortSignal | undefined): AsyncGenerator<ReceivedPacket, void, undefined> {
    const interrupt = () => inbox.wake();
    this.#interrupts.add(interrupt);
    signal?.addEventListener('abort', interrupt);
    try {
      for (;;) {
        signal?.throwIfAborted();
        const packet = inbox.waiting.shift();
        if (packet !== undefined) yield packet;
        else if (this.#failure !== undefined) throw this.#failure;
        else if (this.#closed) return;
        else {
          await new Promise<void>((resolve) => {
            inbox.wake = resolve;
          });
        }
      }
    } finally {
      this.#interrupts.delete(interrupt);
      signal?.removeEventListener('abort', interrupt);
      this.#stop();
    }
  }
  readonly #interrupts: Set<() => void> = new Set();

  /**
   * Sends one frame, copied, by the first queue.
   * @returns whether there was room for it
   * @throws XDP_ERR_USAGE for a frame that is empty or too long, XDP_ERR_CLOSED, XDP_ERR_INTERFACE_GONE
   */
  send(frame: Uint8Array): boolean {
    if (this.#closed) throw this.#failure ?? new XdpError('XDP_ERR_CLOSED', `${this.device.link.name} is closed`);
    return this.#sender?.send(frame) ?? false;
  }

  /** What was counted so far, all queues together. */
  counts(): SocketCounts {
    return addCounts(this.#sockets.map((_, i) => this.#counters.readSocket(i)));
  }

  /** Gives the interface back to the host. Idempotent. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#watch.close();
    this.#end();
    this.device.close();
    for (const watch of this.#watches.splice(0)) watch.close();
    for (const socket of this.#sockets.toReversed()) socket.close();
    this.#umem.close();
    for (const interrupt of this.#interrupts) interrupt();
  }

  [Symbol.dispose](): void {
    this.close();
  }

  /** The host gets the packets again. */
  #stop(): void {
    if (this.#watches.length === 0 || this.#closed) return;
    this.#end();
    for (const { queue } of this.#sockets) this.device.sockets.unset(queue);
    for (const watch of this.#watches.splice(0)) watch.close();
  }
}

/**
 * Opens an interface for this thread's event loop.
 *
 * Needs CAP_NET_ADMIN, CAP_NET_RAW and CAP_BPF, and CAP_IPC_LOCK or a sufficient limit of locked memory; Linux 5.10.
 *
 * @throws what {@link Device.open} throws, and XDP_ERR_NO_QUEUE, XDP_ERR_QUEUE_TAKEN, XDP_ERR_MEMLOCK
 */
export function openInterface(name: string, options: OpenInterfaceOptions = {}): PacketInterface {
  return new PacketInterface(name, options);
}

function checkQueues(name: string, count: number, queues: readonly number[]): void {
  for (const queue of queues) {
    if (Number.isInteger(queue) && queue >= 0 && queue < count) continue;
    throw new XdpError('XDP_ERR_NO_QUEUE', `${name} has no queue ${queue}: it has ${count}, counted from 0`, {
      advice: `see how many it has: ethtool -l ${name}`,
    });
  }
}
