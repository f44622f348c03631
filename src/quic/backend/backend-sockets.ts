import { setTimeout as sleep } from 'node:timers/promises';
import { readXskStatistics, type XskStatistics } from '../../xsk/index.js';
import { type PortCounts, type PortPlace, readPortCounts } from './backend-port.js';
import { Estate } from './estate.js';
import type { SteeredQueue } from './steered-queue.js';

/** An XSKMAP: where a socket has to be entered to get packets. */
export interface SocketMap {
  set(key: number, fd: number): void;
  unset(key: number): void;
}

/** Milliseconds after which no packet is on its way to a socket that was taken out of the map (an RCU grace period). */
const GRACE = 50;

/** One backend's sockets on all queues, as the thread has them that opened them. */
export class BackendSockets {
  /** Which of the places for backends it has, counted from 0. */
  readonly slot: number;
  readonly ports: readonly PortPlace[];
  readonly #queues: readonly SteeredQueue[];
  #entered: { readonly map: SocketMap; readonly keys: readonly number[] } | undefined;

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

  /** Enters the sockets into a map: packets come from now on. @param keyOf the key for packets of a queue */
  enter(map: SocketMap, keyOf: (queue: number) => number): void {
    const keys = this.ports.map(({ queue }) => keyOf(queue));
    this.#entered = { map, keys };
    for (const [i, { socket }] of this.ports.entries()) map.set(keys[i]!, socket.fd);
  }

  /** Takes them out of it. Idempotent. */
  leave(): void {
    const { map, keys } = this.#entered ?? { keys: [] };
    for (const key of keys) map?.unset(key);
    this.#entered = undefined;
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
