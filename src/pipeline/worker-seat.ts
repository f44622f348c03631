import { Worker } from 'node:worker_threads';
import { type Arena, XdpError } from '../sys/index.js';
import type { FrameAudit } from './frame-audit.js';
import { type Resolvers, withResolvers } from './with-resolvers.js';
import { Seat, type SeatPlan, STOP, type WorkerMessage, type WorkerPlan } from './worker-plan.js';

/** Milliseconds that a thread may take to end after it was told to. */
const END = 3000;
/** Milliseconds that a module may take until it is loaded. */
const PREPARED = 30_000;
/** Bytes for a thread's stages: the copies of the sets of addresses are most of it. */
const ROOM = 1 << 17;
/** So many threads of a seat may die within so many milliseconds; the next death ends the work. */
const DEATHS = 5;
const DEATHS_WITHIN = 10_000;

/** A thread that sits at a worker's rings, or is about to. */
export interface Occupant {
  readonly thread: Worker;
  readonly generation: number;
  readonly callback: string | undefined;
  /** It has loaded and warmed up all it needs. */
  readonly prepared: Resolvers<void>;
  /** It is at its rings. */
  readonly ready: Resolvers<void>;
  readonly gone: Resolvers<void>;
}

/**
 * The main thread's side of a worker's place at its rings, where one thread sits at a time. Another one can take over
 * between two batches; and when a thread dies, the next one goes on with what it finds in shared memory.
 */
export class WorkerSeat {
  /** Resolves when the first thread is at its rings; rejects when it could not come so far. */
  readonly ready: Promise<void>;
  /** Resolves when the work has ended by order, with the account of its frames; rejects when it could not go on. */
  readonly done: Promise<FrameAudit>;
  readonly #plan: SeatPlan;
  readonly #words: Int32Array;
  readonly #done: Resolvers<FrameAudit>;
  readonly #onDeath: (worker: number, cause: unknown) => void;
  readonly #occupants = new Set<Occupant>();
  readonly #arena: Arena;
  /** Memory that threads have had for themselves, and no living one has now. */
  readonly #rooms: Uint8Array[] = [];
  #deaths: number[] = [];
  /** Threads started so far. */
  #started = 0;

  /** @param arena of its UMEM. @param onDeath called when a thread died, and the next one was called */
  constructor(
    plan: SeatPlan,
    arena: Arena,
    callback: string | undefined,
    onDeath: (worker: number, cause: unknown) => void,
  ) {
    this.#plan = plan;
    this.#arena = arena;
    this.#words = new Int32Array(plan.seat);
    this.#onDeath = onDeath;
    this.#done = withResolvers<FrameAudit>();
    this.done = this.#done.promise;
    // Whoever waits is told; nobody has to wait.
    this.done.catch(() => {});
    this.ready = this.#call(callback).ready.promise;
  }

  /**
   * A thread that waits to take over: {@link seat} it, or {@link dismiss} it.
   *
   * @throws XDP_ERR_WORKER when it could not be prepared
   */
  async prepare(callback: string | undefined): Promise<Occupant> {
    const occupant = this.#call(callback);
    // A module may loop for ever while it is loaded.
    const timer = setTimeout(() => {
      occupant.prepared.reject(new XdpError('XDP_ERR_WORKER', `it was not loaded within ${PREPARED / 1000} s`));
      void occupant.thread.terminate();
    }, PREPARED);
    await occupant.prepared.promise.finally(() => clearTimeout(timer));
    return occupant;
  }

  /** Has a prepared thread take over between two batches; no packet is lost by it. */
  async seat(occupant: Occupant): Promise<void> {
    if (!this.#isStopping) Atomics.store(this.#words, Seat.order, occupant.generation);
    await occupant.ready.promise;
  }

  async dismiss(occupant: Occupant): Promise<void> {
    await occupant.thread.terminate();
  }

  /** Waits for the threads' end; after 3 seconds they are ended by force. */
  async end(): Promise<void> {
    Atomics.store(this.#words, Seat.order, STOP);
    Atomics.notify(this.#words, Seat.owner);
    const timer = setTimeout(() => {
      for (const { thread } of this.#occupants) void thread.terminate();
    }, END);
    await Promise.all([...this.#occupants].map(({ gone }) => gone.promise));
    clearTimeout(timer);
  }

  get #isStopping(): boolean {
    return Atomics.load(this.#words, Seat.order) === STOP;
  }

  #call(callback: string | undefined): Occupant {
    const generation = this.#started++;
    const room = this.#rooms.pop() ?? this.#arena.allocate(ROOM);
    const plan: WorkerPlan = { ...this.#plan, umem: { ...this.#plan.umem, room }, callback, generation };
    const thread = new Worker(new URL('./worker.js', import.meta.url), {
      workerData: plan,
      name: `xdpkit-${plan.worker}`,
    });
    const [prepared, ready, gone] = [withResolvers<void>(), withResolvers<void>(), withResolvers<void>()];
    for (const { promise } of [prepared, ready]) promise.catch(() => {});
    const occupant = { thread, generation, callback, prepared, ready, gone };
    this.#occupants.add(occupant);
    let seated = false;
    let left = false;
    let cause: unknown = new XdpError('XDP_ERR_WORKER', `worker ${plan.worker} ended early`);
    thread.on('message', (message: WorkerMessage) => {
      if (message.type === 'prepared') prepared.resolve();
      else if (message.type === 'ready') {
        seated = true;
        ready.resolve();
      } else if (message.type === 'failed') {
        cause = new XdpError(message.failure.code, message.failure.message, message.failure);
      } else {
        left = true;
        if (message.type === 'done') this.#done.resolve(message.audit);
      }
    });
    thread.on('error', (error) => {
      cause = new XdpError('XDP_ERR_WORKER', `worker ${plan.worker} failed`, { cause: error });
    });
    thread.on('exit', () => {
      this.#occupants.delete(occupant);
      this.#rooms.push(room);
      for (const { reject } of [prepared, ready]) reject(cause);
      if (!left) this.#died(occupant, seated, cause);
      gone.resolve();
    });
    return occupant;
  }

  #died({ generation, callback }: Occupant, seated: boolean, cause: unknown): void {
    // One that nobody sits behind: it was to take over, and the one before it is still there.
    if (Atomics.load(this.#words, Seat.owner) !== generation) return;
    const now = performance.now();
    this.#deaths = [...this.#deaths.filter((time) => time > now - DEATHS_WITHIN), now];
    if (!seated || this.#isStopping || this.#deaths.length > DEATHS) {
      this.#done.reject(cause);
      return;
    }
    this.#words[Seat.deaths]!++;
    // One that is being prepared to take over will do.
    const next = [...this.#occupants].at(-1) ?? this.#call(callback);
    Atomics.store(this.#words, Seat.order, next.generation);
    Atomics.store(this.#words, Seat.owner, next.generation);
    Atomics.notify(this.#words, Seat.owner);
    this.#onDeath(this.#plan.worker, cause);
  }
}
