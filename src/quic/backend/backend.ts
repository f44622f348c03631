import { calls, type Watch, XdpError } from '../../sys/index.js';
import { Packet } from '../../xsk/index.js';
import { BackendPort, type BatchCallback, DONE, type PortPlace, SEND_BACK } from './backend-port.js';

/** A backend's sockets, in a form that another thread can be told: {@link Backend.at}. */
export interface BackendPlace {
  /** What connection IDs name it by. */
  readonly id: number;
  readonly ports: readonly PortPlace[];
  /** One word: see {@link Backend.connections}. */
  readonly state: SharedArrayBuffer;
}

/** Batches of one socket at one call of the event loop: timers and other sockets shall not starve. */
const TURNS = 8;
/** Milliseconds until a device that took no more frames is asked again. */
const STALLED_PAUSE = 1;

/**
 * A backend: packets of its connections come to it from whatever queue they arrive on, on the event loop of the thread that
 * it was made in. Each queue is a {@link BackendPort}; a reply may leave by any of them.
 */
export class Backend implements Disposable {
  readonly id: number;
  /** One for each queue, in their order. */
  readonly ports: readonly BackendPort[];
  readonly #state: Int32Array;
  #watches: Watch[] = [];
  #stalled: NodeJS.Timeout | undefined;
  #isFlushPlanned = false;
  #isClosed = false;

  private constructor({ id, ports, state }: BackendPlace) {
    this.id = id;
    this.#state = new Int32Array(state);
    this.ports = ports.map((port) => new BackendPort(port));
  }

  /** The backend that another thread has opened, for this one to use alone. */
  static at(place: BackendPlace): Backend {
    return new Backend(place);
  }

  /** Connections that it serves now, for whoever looks at all backends: only the application knows, and says so here. */
  get connections(): number {
    return this.#state[0]!;
  }

  set connections(count: number) {
    this.#state[0] = count;
  }

  /**
   * Has `callback` called with packets as they come, in place and without copies; `undefined` has them wait. In the call, a
   * packet with `batch.egress[i] = 0` is sent back out as it then is; all others are done with.
   *
   * @throws XDP_ERR_CLOSED
   */
  onBatch(callback: BatchCallback | undefined): void {
    if (this.#isClosed) throw new XdpError('XDP_ERR_CLOSED', `backend ${this.id} is closed`);
    this.#stopWatching();
    if (callback === undefined) return;
    for (const port of this.ports) {
      const turns = () => {
        for (let i = 0; i < TURNS && port.turn(callback) > 0; i++);
        if (port.isStalled) this.#tryLater();
      };
      const onReadable = () => {
        try {
          turns();
        } catch (error) {
          // Nobody hears of what is thrown into a watch, and one that is on when its thread ends takes the process along. So it
          // is as if a timer had thrown, with nothing left on.
          this.#stopWatching();
          setImmediate(() => {
            throw error;
          });
        }
      };
      // What came in before does not make the descriptor readable once more.
      onReadable();
      this.#watches.push(calls.watch(port.fd, onReadable));
    }
  }

  /**
   * The same, packet by packet: `callback` returns 0 to send it back out of the queue it came by, and -1 to be done with it.
   * The packet is moved from one to the next and must not be kept; its `copy()` may be.
   */
  onPacket(callback: ((packet: Packet, queue: number) => number) | undefined): void {
    if (callback === undefined) {
      this.onBatch(undefined);
      return;
    }
    const packets = new Map<BackendPort, Packet>();
    this.onBatch((batch, port) => {
      let packet = packets.get(port);
      if (packet === undefined) {
        packet = new Packet(batch, port.limit);
        packets.set(port, packet);
      }
      for (let i = 0; i < batch.count; i++) {
        packet.moveTo(i);
        batch.egress[i] = callback(packet, port.queue) === SEND_BACK ? SEND_BACK : DONE;
      }
    });
  }

  /**
   * Sends a copy of one frame, from the Ethernet header on; it leaves when this turn of the event loop ends.
   *
   * @param queue by which it leaves
   * @returns whether there was room for it
   * @throws XDP_ERR_USAGE for a frame that is empty or too long, or a queue that isn't there; XDP_ERR_CLOSED
   */
  send(frame: Uint8Array, queue = 0): boolean {
    if (this.#isClosed) throw new XdpError('XDP_ERR_CLOSED', `backend ${this.id} is closed`);
    const port = this.ports[queue];
    if (port === undefined) throw new XdpError('XDP_ERR_USAGE', `there is no queue ${queue}`);
    if (frame.length === 0 || frame.length > port.limit) {
      throw new XdpError('XDP_ERR_USAGE', `a frame has 1 to ${port.limit} bytes, not ${frame.length}`);
    }
    const at = port.reserve();
    if (at < 0) return false;
    port.bytes.set(frame, at);
    port.submit(frame.length);
    if (!this.#isFlushPlanned) {
      this.#isFlushPlanned = true;
      queueMicrotask(this.flush);
    }
    return true;
  }

  /** Has the kernel send what was submitted on any port. What the device has no room for now is tried again by itself. */
  readonly flush = (): void => {
    this.#isFlushPlanned = false;
    if (this.#isClosed) return;
    for (const port of this.ports) {
      port.flush();
      if (port.isStalled) this.#tryLater();
    }
  };
  readonly #again = (): void => {
    this.#stalled = undefined;
    this.flush();
  };

  /** Stops looking for packets. Its frames are taken back by whoever opened it. Idempotent. */
  close(): void {
    if (this.#isClosed) return;
    this.flush();
    this.#isClosed = true;
    clearTimeout(this.#stalled);
    this.#stopWatching();
  }

  [Symbol.dispose](): void {
    this.close();
  }

  #tryLater(): void {
    this.#stalled ??= setTimeout(this.#again, STALLED_PAUSE);
  }

  #stopWatching(): void {
    for (const watch of this.#watches.splice(0)) watch.close();
  }
}
