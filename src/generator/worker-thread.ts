import { Worker } from 'node:worker_threads';
import { XdpError } from '../sys/index.js';
import type { WorkerMessage } from './worker-messages.js';

/** Milliseconds that a worker may take to end after it was told to. */
const END = 3000;

/** The main thread's side of a worker. */
export class WorkerThread {
  /** Resolves when it is ready to begin. */
  readonly ready: Promise<void>;
  /** Resolves when it has come to its end; rejects when it failed. */
  readonly done: Promise<void>;
  readonly #worker: Worker;

  /** @param file name of the worker's module beside this one */
  constructor(file: string, workerData: unknown, name: string) {
    this.#worker = new Worker(new URL(file, import.meta.url), { workerData, name });
    const worker = this.#worker;
    const told = new Promise<void>((resolve, reject) => {
      worker.on('message', ({ type }: WorkerMessage) => type === 'ready' && resolve());
      this.#onFailure(name, reject);
    });
    this.done = new Promise<void>((resolve, reject) => {
      worker.on('message', ({ type }: WorkerMessage) => type === 'done' && resolve());
      this.#onFailure(name, reject);
    });
    this.ready = told;
    // Whoever waits is told; nobody has to wait.
    this.ready.catch(() => {});
    this.done.catch(() => {});
  }

  /** Waits for the thread's end; after 3 seconds it is ended by force. */
  async end(): Promise<void> {
    const worker = this.#worker;
    if (worker.threadId === -1) return;
    const timer = setTimeout(() => void worker.terminate(), END);
    await new Promise<void>((resolve) => {
      worker.once('exit', () => resolve());
      if (worker.threadId === -1) resolve();
    });
    clearTimeout(timer);
  }

  #onFailure(name: string, reject: (error: unknown) => void): void {
    this.#worker.on('message', (message: WorkerMessage) => {
      if (message.type !== 'failed') return;
      reject(new XdpError(message.failure.code, message.failure.message, message.failure));
    });
    this.#worker.on('error', (cause) => reject(new XdpError('XDP_ERR_WORKER', `${name} failed`, { cause })));
    this.#worker.on('exit', () => reject(new XdpError('XDP_ERR_WORKER', `${name} ended early`)));
  }
}
