import { type Link, type LinkChange, type LinkWatch, watchLinks } from '../netdev/index.js';
import { XdpError } from '../sys/index.js';
import { ETHERNET_HEADER, VLAN_TAG } from '../wire/index.js';

/** What happened to an interface under a data path that goes on. */
export interface PortEvent {
  /** The interface's name, after it. */
  readonly interface: string;
  readonly change: LinkChange;
  /** The same for people, as a sentence. */
  readonly message: string;
}

export interface PortWatchTargets {
  /** The interfaces as they were when they were taken over; a port is a place in this list. */
  readonly links: readonly Link[];
  /** Bytes that the largest frame may have. */
  readonly capacity: number;
  readonly onEvent?: ((event: PortEvent) => void) | undefined;
  /** Called once, when the data path can't go on. */
  readonly onEnd: (error: unknown) => void;
}

/**
 * Follows the interfaces of a running data path. What passes (down, no carrier) is waited for, what does not matter (a new
 * name, another MTU) is told, and what ends it has a name: XDP_ERR_INTERFACE_GONE, XDP_ERR_QUEUES_CHANGED.
 */
export class PortWatch implements Disposable {
  readonly #watch: LinkWatch;
  #links: readonly Link[] = [];

  /** Opened before the interfaces are, so that nothing happens to them unseen. @throws as {@link watchLinks} */
  constructor(netns: string | undefined) {
    this.#watch = watchLinks({ netns }).unref();
  }

  /** The interfaces as they are now. */
  get links(): readonly Link[] {
    return this.#links;
  }

  /** Call once, when the interfaces are taken over. */
  follow(targets: PortWatchTargets): void {
    this.#links = targets.links;
    void this.#run(targets).catch(targets.onEnd);
  }

  /** Idempotent. */
  close(): void {
    this.#watch.close();
  }

  [Symbol.dispose](): void {
    this.close();
  }

  async #run({ links, capacity, onEvent, onEnd }: PortWatchTargets): Promise<void> {
    for await (const event of this.#watch) {
      const { link } = event;
      const port = links.findIndex(({ index }) => index === link.index);
      if (port < 0 || event.type === 'added') continue;
      if (!('before' in event)) {
        const what = event.type === 'removed' ? 'went away' : 'was moved to another network namespace';
        return onEnd(new XdpError('XDP_ERR_INTERFACE_GONE', `${link.name} ${what} while it was in use`));
      }
      const { type, before } = event;
      this.#links = this.#links.with(port, link);
      const opened = links[port]!;
      if (type === 'queues') {
        // What happened before it was taken over is in its plan already.
        if (link.rxQueues === opened.rxQueues && link.txQueues === opened.txQueues) continue;
        return onEnd(queuesChanged(opened, link));
      }
      onEvent?.({ interface: link.name, change: type, message: messageOf(type, link, before.name, capacity) });
    }
  }
}

function queuesChanged(before: Link, after: Link): XdpError {
  const count = ({ rxQueues, txQueues }: Link) => `${rxQueues} RX and ${txQueues} TX`;
  return new XdpError(
    'XDP_ERR_QUEUES_CHANGED',
    `${after.name} has ${count(after)} queues now; it had ${count(before)} when it was taken over`,
    { advice: 'start again: every queue needs a socket of its own' },
  );
}

function messageOf(type: Exclude<LinkChange, 'queues'>, link: Link, before: string, capacity: number): string {
  const { name, mtu } = link;
  switch (type) {
    case 'down':
      return `${name} is down: its packets wait until it comes up again`;
    case 'up':
      return `${name} is up again`;
    case 'no-carrier':
      return `${name} has no carrier`;
    case 'carrier':
      return `${name} has a carrier again`;
    case 'renamed':
      return `${before} is called ${name} now`;
    case 'mtu':
      return mtu + ETHERNET_HEADER + 2 * VLAN_TAG <= capacity
        ? `${name} has an MTU of ${mtu} now`
        : `${name} has an MTU of ${mtu} now: frames longer than ${capacity} bytes are dropped, and counted`;
  }
}
