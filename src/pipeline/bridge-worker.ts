import { Worker } from 'node:worker_threads';
import { XdpError } from '../sys/index.js';
import type { FrameAudit } from './frame-audit.js';
import { withResolvers } from './with-resolvers.js';
import type { WorkerMessage, WorkerPlan } from './worker-plan.js';

/** Milliseconds that a worker may take to end after it was told to. */
const END = 3000;

/** The main thread's side of a worker. */
export class BridgeWorker {
  /** Resolves when it is at its rings. */
  readonly ready: Promise<void>;
  /** Resolves when it has ended by order, with the account of its frames; rejects when it failed. */
  readonly done: Promise<FrameAudit>;
  readonly #worker: Worker;

  constructor(plan: WorkerPlan) {
    this.#worker = new Worker(new URL('./worker.js', import.meta.url), {
      workerData: plan,
      name: `xdpkit-${plan.worker}`,
    });
    const ready = withResolvers<void>();
    const done = withResolvers<FrameAudit>();
    const fail = (error: unknown) => {
      ready.reject(error);
      done.reject(error);
    };
    // Whoever waits is told; nobody has to wait.
    ready.promise.catch(() => {});
    done.promise.catch(() => {});
    this.#worker.on('message', (message: WorkerMessage) => {
      if (message.type === 'ready') ready.resolve();
      else if (message.type === 'done') done.resolve(message.audit);
      else fail(new XdpError(message.failure.code, message.failure.message, message.failure));
    });
    this.#worker.on('error', (cause) =>
      fail(new XdpError('XDP_ERR_WORKER', `worker ${plan.worker} failed`, { cause })),
    );
    this.#worker.on('exit', () => fail(new XdpError('XDP_ERR_WORKER', `worker ${plan.worker} ended early`)));
    this.ready = ready.promise;
    this.done = done.promise;
  }

  /** Waits for the thread's end; after 3 seconds it is ended by force. */
  async end(): Promise<void> {
    const worker = this.#worker;
    if (worker.threadId === -1) return;
    const { promise, resolve } = withResolvers<void>();
    worker.once('exit', () => resolve());
    const timer = setTimeout(() => void worker.terminate(), END);
    await promise;
    clearTimeout(timer);
  }
}
