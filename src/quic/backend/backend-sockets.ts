import { setTimeout as sleep } from 'node:timers/promises';
import { readXskStatistics, type XskStatistics } from '../../xsk/index.js';
import type { BackendPlace } from './backend.js';
import { type PortCounts, type PortPlace, readPortCounts } from './backend-port.js';
import { Estate } from './estate.js';
import type { SteeredQueue } from './steered-queue.js';

/** A backend's places in an XSKMAP: where its sockets have to be entered to get packets. */
export interface SocketPlaces {
  set(queue: number, fd: number): void;
  unset(queue: number): void;
}

/** Milliseconds after which no packet is on its way to a socket that was taken out of the map (an RCU grace period). */
const GRACE = 50;

/** One backend's sockets on all queues, as the thread has them that opened them. */
export class BackendSockets {
  /** Which of the places for backends it has, counted from 0. */
  readonly slot: number;
  readonly ports: readonly PortPlace[];
  readonly #state: SharedArrayBuffer = new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT);
  readonly #queues: readonly SteeredQueue[];
  #places: SocketPlaces | undefined;

  /** @throws as `BoundSocket.open`; nothing stays open then */
  constructor(slot: number, queues: readonly SteeredQueue[]) {
    this.slot = slot;
    this.#queues = queues;
    const ports: PortPlace[] = [];
    try {
      for (const queue of queues) ports.push(queue.openPort(slot));
    } catch (error) {
      for (const { queue } of ports) queues[queue]!.closePort(slot);
      throw error;
    }
    this.ports = ports;
  }

  /** For the one thread that shall be at them. @param id what connection IDs name the backend by */
  place(id: number): BackendPlace {
    return { id, ports: this.ports, state: this.#state };
  }

  /** Connections, as its thread says. */
  get connections(): number {
    return new Int32Array(this.#state)[0]!;
  }

  /** Enters the sockets: packets come from now on. */
  enter(places: SocketPlaces): void {
    this.#places = places;
    for (const { queue, socket } of this.ports) places.set(queue, socket.fd);
  }

  /** Takes them out again. Idempotent. */
  leave(): void {
    const places = this.#places;
    this.#places = undefined;
    for (const { queue } of this.ports) places?.unset(queue);
  }

  /** By queue; the kernel's own beside them. */
  counts(): (PortCounts & { readonly kernel: XskStatistics })[] {
    return this.ports.map(({ counts, socket }) => ({
      ...readPortCounts(counts),
      kernel: readXskStatistics(socket.fd),
    }));
  }

  /** Gives all of its frames back and closes the sockets. No thread may be at them any more. */
  async close(): Promise<void> {
    this.leave();
    await sleep(GRACE);
    const estates = this.ports.map((port) => new Estate(port));
    for (const estate of estates) estate.giveBack();
    for (const queue of this.#queues) queue.closePort(this.slot);
    for (const estate of estates) estate.returnUnsent();
  }
}
