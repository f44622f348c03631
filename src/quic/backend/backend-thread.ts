import { Worker } from 'node:worker_threads';
import { XdpError } from '../../sys/index.js';
import type { BackendMessage, BackendPlan } from './backend-worker.js';

/** Milliseconds that a backend's module has to end in order. */
const END = 3000;

/** The thread of a backend that a module serves; the main thread's side. */
export class BackendThread {
  /** Resolves when the thread has ended: with what killed it, or without when it was told to end. */
  readonly ended: Promise<XdpError | undefined>;
  readonly #thread: Worker;
  #isEnding = false;

  private constructor(plan: BackendPlan) {
    const { id } = plan.place;
    this.#thread = new Worker(new URL('./backend-worker.js', import.meta.url), {
      workerData: plan,
      name: `xdpkit-backend-${id}`,
    });
    let why = 'its thread ended';
    this.#thread.on('message', (message: BackendMessage) => {
      if (message.type === 'failed') why = message.message;
    });
    this.ended = new Promise((resolve) => {
      let cause: unknown;
      this.#thread.on('error', (error) => {
        cause = error;
        if (error instanceof Error) why = error.message;
      });
      this.#thread.on('exit', () => {
        const failure = new XdpError('XDP_ERR_WORKER', `backend ${id} failed: ${why}`, { cause });
        resolve(this.#isEnding ? undefined : failure);
      });
    });
  }

  /** Resolves when the module is ready for packets. @throws XDP_ERR_WORKER when it could not be */
  static async start(plan: BackendPlan): Promise<BackendThread> {
    const thread = new BackendThread(plan);
    const ready = new Promise<undefined>((resolve) => {
      thread.#thread.on('message', ({ type }: BackendMessage) => type === 'ready' && resolve(undefined));
    });
    const failure = await Promise.race([ready, thread.ended]);
    if (failure !== undefined) throw failure;
    return thread;
  }

  /** Has the module end; after 3 seconds the thread is ended by force. Idempotent. */
  async end(): Promise<void> {
    this.#isEnding = true;
    this.#thread.postMessage('end');
    const timer = setTimeout(() => void this.#thread.terminate(), END);
    await this.ended;
    clearTimeout(timer);
  }
}
