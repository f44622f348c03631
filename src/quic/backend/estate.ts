import { Batch, joinXskSocket, type QueueRings, Umem, type XskSocket } from '../../xsk/index.js';
import type { PortPlace } from './backend-port.js';
import { Bell } from './bell.js';
import { backendEnd } from './lane.js';
import { BATCH } from './ring-sizes.js';

/** What is left of a backend at one queue when its thread is gone, in whatever way it went. */
export class Estate {
  readonly #umem: Umem;
  readonly #rings: QueueRings;
  readonly #socket: XskSocket;
  readonly #place: PortPlace;
  #unsent: readonly number[] = [];

  /** The thread has ended, and no packet comes any more. */
  constructor(place: PortPlace) {
    this.#place = place;
    this.#umem = Umem.at(place.umem);
    this.#rings = backendEnd(place.lane, this.#umem, place.socket.counts);
    this.#socket = joinXskSocket(place.socket, this.#umem, this.#rings);
  }

  /** Returns every frame but those in the TX ring, which are sent, or are {@link returnUnsent} once the socket is closed. */
  giveBack(): void {
    const { pool } = this.#umem;
    const { received, sending } = this.#place;
    const batches = [received, sending].map((memory) => new Batch(this.#umem, BATCH, memory));
    for (const batch of batches) {
      pool.giveAll(batch.addresses, batch.handled, batch.count);
      batch.count = 0;
    }
    const batch = batches[0]!;
    while (this.#socket.receive(batch) > 0) {
      pool.giveAll(batch.addresses, 0, batch.count);
      this.#return();
    }
    this.#return();
    this.#socket.flush();
    this.#unsent = this.#socket.tx?.waiting() ?? [];
    this.#rings.transmitted -= this.#unsent.length;
  }

  /** After the socket was closed: what its device never took. */
  returnUnsent(): void {
    for (const address of this.#unsent) this.#umem.pool.give(address);
    this.#return();
  }

  #return(): void {
    // The keeper empties the ring all the time, and it has room for all that a backend can hold.
    this.#rings.refill(this.#umem.pool.free);
    new Bell(this.#place.bell).tell(this.#umem.frames);
  }
}
