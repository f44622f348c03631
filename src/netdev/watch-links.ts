import { calls, type Watch } from '../sys/index.js';
import { driverName } from './driver.js';
import { deviceOf, EthtoolSocket } from './ethtool-socket.js';
import { END, EventQueue } from './event-queue.js';
import { decodeGeneric } from './generic-netlink.js';
import { changesBetween, type LinkEvent } from './link-events.js';
import {
  allLinks,
  decodeLink,
  decodeMove,
  type Link,
  linkIndexOf,
  oneLink,
  RTM_DELLINK,
  RTM_GETLINK,
  RTM_NEWLINK,
} from './link-message.js';
import type { NetlinkMessage } from './netlink-codec.js';
import { DUMP_TRIES, NETLINK_GENERIC, NETLINK_ROUTE, type NetnsOptions } from './netlink-socket.js';
import { NotificationSocket } from './notification-socket.js';
import { decodeQueueCounts, listQueueCounts, type QueueCounts, readQueueCounts } from './queue-counts.js';

const RTNLGRP_LINK = 1;
/** ETHTOOL_MSG_CHANNELS_NTF, numbered among what the kernel sends. */
const CHANNELS_NTF = 19;

/**
 * What happens to the interfaces of a network namespace, as it happens: an endless iteration of events, in the kernel's
 * order for each interface. Needs no privilege in the own namespace. While it is open it keeps the process alive (unless
 * {@link unref} was called) and the namespace too, even when that has lost its name.
 *
 * No change is missed: when more happens at once than the kernel keeps for a slow listener, all interfaces are read anew,
 * and what is told then is the difference. Events that nobody takes are kept; changes between two events of the same
 * interface that cancel each other out may be left out.
 *
 * The kernel itself is late to tell that a NIC has lost its carrier, or a veth whose peer has the same index in another
 * namespace: up to a second (net/core/link_watch.c, linkwatch_urgent_event). See {@link refresh}.
 */
export class LinkWatch implements AsyncIterableIterator<LinkEvent>, Disposable {
  readonly #route: NotificationSocket;
  readonly #ethtool: NotificationSocket;
  readonly #questions: EthtoolSocket;
  readonly #opened: Disposable[] = [];
  readonly #watches: Watch[] = [];
  readonly #links = new Map<number, Link>();
  readonly #queues = new Map<number, QueueCounts>();
  readonly #events = new EventQueue<LinkEvent>();
  #telling = false;
  #closed = false;

  /** @throws XDP_ERR_NO_NAMESPACE, XDP_ERR_PERMISSION, XDP_ERR_PLATFORM before Linux 5.6 */
  constructor(options: NetnsOptions = {}) {
    try {
      this.#route = this.#owned(new NotificationSocket(NETLINK_ROUTE, options));
      this.#ethtool = this.#owned(new NotificationSocket(NETLINK_GENERIC, options));
      this.#questions = this.#owned(new EthtoolSocket(options));
      // Joined before the first look: nothing happens unseen in between.
      this.#route.join(RTNLGRP_LINK);
      const monitor = this.#questions.family.groups.get('monitor');
      if (monitor !== undefined) this.#ethtool.join(monitor);
      this.#readAnew();
      this.#telling = true;
      this.#watchFor(this.#route, () => this.#onRoute());
      this.#watchFor(this.#ethtool, () => this.#onEthtool());
    } catch (error) {
      this.close();
      throw error;
    }
  }

  /**
   * The interfaces by index, as they are after the last event that was told or is waiting to be taken. What no event is
   * about may be older: of XDP programs, and of a peer that was still being made, the kernel says nothing.
   */
  get links(): ReadonlyMap<number, Link> {
    return this.#links;
  }

  /** Lets the process exit although the watch is open. */
  unref(): this {
    for (const watch of this.#watches) watch.unref();
    return this;
  }

  /**
   * Has the kernel tell now how an interface is. Of a lost carrier it may put off to tell for a second, and that a tap
   * has got another queue it never tells: whoever can't wait asks. What comes of it is told as events.
   */
  refresh(index: number): void {
    if (!this.#closed) this.#route.ask(RTM_GETLINK, oneLink(index));
  }

  /** The next event. Ends when the watch is closed; rejects if the kernel's messages can't be read any more. */
  next(): Promise<IteratorResult<LinkEvent>> {
    return this.#events.next();
  }

  /** Closes the watch: called when a `for await` loop is left. */
  return(): Promise<IteratorResult<LinkEvent>> {
    this.close();
    return Promise.resolve(END);
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  /** Ends the iteration; events not taken are gone. Idempotent. */
  close(): void {
    this.#events.end();
    this.#release();
  }

  [Symbol.dispose](): void {
    this.close();
  }

  #owned<T extends Disposable>(resource: T): T {
    this.#opened.push(resource);
    return resource;
  }

  /** The watches go before their descriptors. */
  #release(): void {
    this.#closed = true;
    for (const watch of this.#watches.splice(0)) watch.close();
    for (const resource of this.#opened.splice(0)) resource[Symbol.dispose]();
  }

  #watchFor(socket: NotificationSocket, onReadable: () => void): void {
    this.#watches.push(calls.watch(socket.fd, () => this.#guarded(onReadable)));
  }

  #guarded(run: () => void): void {
    if (this.#closed) return;
    try {
      run();
    } catch (error) {
      this.#events.fail(error);
      this.#release();
    }
  }

  #onRoute(): void {
    this.#route.read((message) => this.#onLink(message));
    if (this.#route.hasLost()) this.#readAnew();
  }

  #onEthtool(): void {
    this.#ethtool.read((message) => this.#onChannels(message));
    if (this.#ethtool.hasLost()) this.#readQueues(() => listQueueCounts(this.#questions));
  }

  /** Tells the difference between what was known and what there is. */
  #readAnew(): void {
    this.#readQueues(() => listQueueCounts(this.#questions));
    const present = new Set<number>();
    for (let tries = 1; ; tries++) {
      present.clear();
      let answering = false;
      const consistent = this.#route.dump('listing links', RTM_GETLINK, allLinks(), (message, isAnswer) => {
        answering ||= isAnswer;
        const index = this.#onLink(message);
        // What stood in the queue before the answer may tell of a link whose removal was lost.
        if (answering && index !== undefined) present.add(index);
      });
      if (consistent || tries === DUMP_TRIES) break;
    }
    for (const index of [...this.#links.keys()]) if (!present.has(index)) this.#remove(index);
    // Again, if that took so long that more was lost.
    if (this.#route.hasLost()) setImmediate(() => this.#guarded(() => this.#readAnew()));
  }

  /** @returns the link's index, if it is one */
  #onLink({ type, payload }: NetlinkMessage): number | undefined {
    const index = type === RTM_NEWLINK || type === RTM_DELLINK ? linkIndexOf(payload) : undefined;
    if (index === undefined) return undefined;
    if (type === RTM_NEWLINK) this.#update(index, payload);
    else this.#remove(index, payload);
    return index;
  }

  #update(index: number, payload: Uint8Array): void {
    const before = this.#links.get(index);
    if (before === undefined && !this.#queues.has(index)) this.#readQueues(() => this.#queuesOf(index));
    const link = decodeLink(payload, (_, name) => ({
      queues: this.#queues.get(index),
      driver: before?.driver ?? driverName(this.#route.fd, name),
    }));
    this.#links.set(index, link);
    if (before === undefined) this.#tell({ type: 'added', link });
    else this.#tell(...changesBetween(before, link));
  }

  #remove(index: number, payload?: Uint8Array): void {
    const link = this.#links.get(index);
    this.#links.delete(index);
    this.#queues.delete(index);
    if (link === undefined) return;
    const to = payload && decodeMove(payload);
    this.#tell(to === undefined ? { type: 'removed', link } : { type: 'moved', link, to });
  }

  #onChannels(message: NetlinkMessage): void {
    const [index, counts] = this.#decodeChannels(message) ?? [];
    if (index === undefined || counts === undefined) return;
    // Of a link that isn't known yet: when it is, its queues are asked for.
    if (this.#links.has(index) || this.#queues.has(index)) this.#setQueues(index, counts);
  }

  /**
   * Takes queue counts over from an answer. What was told until then may be older than the answer, and is not told again:
   * of each interface only the last counts, which is as new as the answer or newer.
   */
  #readQueues(ask: () => Map<number, QueueCounts>): void {
    const answer = ask();
    const onMessage = (message: NetlinkMessage) => {
      const [index, counts] = this.#decodeChannels(message) ?? [];
      if (index !== undefined && counts !== undefined && answer.has(index)) answer.set(index, counts);
      else this.#onChannels(message);
    };
    while (!this.#ethtool.read(onMessage));
    for (const [index, counts] of answer) this.#setQueues(index, counts);
  }

  /** @returns `undefined` for any other of ethtool's notifications */
  #decodeChannels({ type, payload }: NetlinkMessage): [index: number, counts: QueueCounts] | undefined {
    if (type !== this.#questions.family.id) return undefined;
    const { command, attributes } = decodeGeneric(payload);
    const index = deviceOf(attributes);
    return command === CHANNELS_NTF && index !== undefined ? [index, decodeQueueCounts(attributes)] : undefined;
  }

  #queuesOf(index: number): Map<number, QueueCounts> {
    const counts = readQueueCounts(this.#questions, index);
    return new Map(counts === undefined ? [] : [[index, counts]]);
  }

  #setQueues(index: number, counts: QueueCounts): void {
    this.#queues.set(index, counts);
    const before = this.#links.get(index);
    if (before === undefined) return;
    const { rx, tx } = counts;
    const link = { ...before, rxQueues: rx, txQueues: tx, queues: Math.max(rx, tx) };
    this.#links.set(index, link);
    this.#tell(...changesBetween(before, link));
  }

  #tell(...events: LinkEvent[]): void {
    if (this.#telling) for (const event of events) this.#events.push(event);
  }
}

/**
 * Watches the interfaces of a network namespace; see {@link LinkWatch}.
 *
 * ```ts
 * using watch = watchLinks();
 * for await (const { type, link } of watch) console.log(type, link.name);
 * ```
 */
export function watchLinks(options: NetnsOptions = {}): LinkWatch {
  return new LinkWatch(options);
}
