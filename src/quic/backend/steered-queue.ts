import type { Link } from '../../netdev/index.js';
import { withNamespace } from '../../sys/index.js';
import { BoundSocket, joinXskSocket, Umem, type ZeroCopy } from '../../xsk/index.js';
import { type PortMemory, type PortPlace, portMemory } from './backend-port.js';
import { accountFrames, type FrameAccount } from './frame-account.js';
import type { KeptQueue } from './keeper.js';
import { backendEnd, keeperEnd, type LanePlace, openLane } from './lane.js';
import { framesFor, type RingSizes } from './ring-sizes.js';

export interface SteeredQueueOptions {
  readonly link: Link;
  readonly queue: number;
  readonly sizes: RingSizes;
  /** Backends that may have sockets here at once. */
  readonly capacity: number;
  /** Bytes: 2048 or 4096. */
  readonly frameSize: number;
  readonly zeroCopy: ZeroCopy;
  readonly zeroCopySegments: number | undefined;
  readonly netns: string | undefined;
  /** Of the queue's keeper. */
  readonly bell: SharedArrayBuffer;
}

/**
 * The sockets of one queue and the memory under them: one for the keeper, which owns fill and completion ring, and one for each
 * backend, with RX and TX ring of its own. Owned by the main thread; others work with it by its places.
 */
export class SteeredQueue implements Disposable {
  readonly queue: number;
  readonly umem: Umem;
  readonly lanes: readonly LanePlace[];
  readonly #options: SteeredQueueOptions;
  readonly #keeper: BoundSocket;
  readonly #ports: Map<number, { readonly socket: BoundSocket; readonly place: PortPlace }> = new Map();
  /** Of the backends that are and were at each slot. */
  readonly #memory: Map<number, PortMemory> = new Map();
  /** Frames that backends received and sent here, as far as they are closed. */
  #received = 0;
  #sent = 0;

  /** @throws as `BoundSocket.open`; nothing stays open then */
  constructor(options: SteeredQueueOptions) {
    const { queue, sizes, capacity, frameSize } = options;
    this.#options = options;
    this.queue = queue;
    this.umem = new Umem({ frames: framesFor(sizes, capacity), frameSize });
    this.lanes = Array.from({ length: capacity }, () => openLane(this.umem, sizes));
    try {
      // A socket has to have a ring of its own; nothing leads to this one.
      this.#keeper = this.#open(undefined, { rxSize: 1, txSize: 0 });
    } catch (error) {
      this.umem.close();
      throw error;
    }
  }

  /** What its keeper is told. */
  get kept(): KeptQueue {
    return { umem: this.umem.place, socket: this.#keeper.place, lanes: this.lanes };
  }

  /** Opens a backend's socket. @param slot counted from 0, below `capacity` */
  openPort(slot: number): PortPlace {
    const { sizes, link } = this.#options;
    const txSize = this.queue < link.txQueues ? sizes.tx : 0;
    const socket = this.#open(this.#keeper.fd, { rxSize: sizes.rx, txSize });
    const { queue } = this;
    const { bell } = this.#options;
    const memory = portMemory(this.umem, this.#memory.get(slot));
    this.#memory.set(slot, memory);
    const place = { queue, socket: socket.place, lane: this.lanes[slot]!, bell, ...memory };
    this.#ports.set(slot, { socket, place });
    return place;
  }

  /** No thread may be at its rings any more. Idempotent. */
  closePort(slot: number): void {
    const port = this.#ports.get(slot);
    if (port === undefined) return;
    this.#ports.delete(slot);
    const { received, transmitted } = backendEnd(port.place.lane, this.umem, port.place.socket.counts);
    this.#received += received;
    this.#sent += transmitted;
    port.socket.close();
  }

  /** Where the frames are. The keeper has ended, and all ports are closed. */
  account(): FrameAccount {
    const { rings } = joinXskSocket(this.#keeper.place, this.umem);
    const lanes = this.lanes.map((lane) => keeperEnd(lane, this.umem));
    return accountFrames(this.umem, rings, lanes, { received: this.#received, sent: this.#sent });
  }

  /** After the keeper's end. Idempotent. */
  close(): void {
    for (const slot of [...this.#ports.keys()]) this.closePort(slot);
    this.#keeper.close();
    this.umem.close();
  }

  [Symbol.dispose](): void {
    this.close();
  }

  #open(besideFd: number | undefined, rings: { rxSize: number; txSize: number }): BoundSocket {
    const { link, queue, sizes, zeroCopy, zeroCopySegments, netns } = this.#options;
    const shared = { fillSize: sizes.fill, completionSize: sizes.completion };
    const common = { umem: this.umem, interface: link, queue, zeroCopy, zeroCopySegments };
    const open = () => BoundSocket.open({ ...common, ...shared, ...rings, besideFd });
    return netns === undefined ? open() : withNamespace<BoundSocket>(netns, open);
  }
}
