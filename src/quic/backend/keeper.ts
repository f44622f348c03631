import {
  joinXskSocket,
  type QueueRings,
  type SocketPlace,
  Umem,
  type UmemPlace,
  type XskSocket,
} from '../../xsk/index.js';
import { keeperEnd, type LanePlace } from './lane.js';

/** What the keeper of a queue is told. */
export interface KeptQueue {
  readonly umem: UmemPlace;
  /** The first socket of the queue: its fill and completion ring are every backend's. No packet is for itself. */
  readonly socket: SocketPlace;
  /** One of each backend that there is or may be. */
  readonly lanes: readonly LanePlace[];
}

/**
 * Keeps the frames of one queue moving: it alone touches the fill ring, the completion ring and the pool. What backends have
 * returned and the kernel has sent goes to where frames are missing: the fill ring, and the backends' rings of free ones.
 */
export class QueueKeeper {
  readonly #socket: XskSocket;
  readonly #lanes: readonly QueueRings[];

  constructor({ umem: place, socket, lanes }: KeptQueue) {
    const umem = Umem.at(place);
    this.#socket = joinXskSocket(socket, umem);
    this.#lanes = lanes.map((lane) => keeperEnd(lane, umem));
  }

  /** @returns how many frames it moved */
  turn(): number {
    const { rings } = this.#socket;
    const lanes = this.#lanes;
    let moved = rings.reap(rings.completion.size);
    for (let i = 0; i < lanes.length; i++) moved += lanes[i]!.reap(lanes[i]!.completion.size);
    moved += rings.refill(rings.fill.size);
    for (let i = 0; i < lanes.length; i++) moved += lanes[i]!.refill(lanes[i]!.fill.size);
    this.#socket.wakeRx();
    return moved;
  }
}
