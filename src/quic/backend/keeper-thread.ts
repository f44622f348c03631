import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import { XdpError } from '../../sys/index.js';
import { Bell } from './bell.js';
import type { KeptQueue } from './keeper.js';
import type { KeeperPlan } from './keeper-worker.js';

/** Milliseconds that a keeper has to end: a turn and a sleep are far shorter. */
const END = 3000;

/** The thread of one keeper, which serves one queue or several; the main thread's side. */
export class KeeperThread {
  readonly bell: Bell;
  /** Rejects when the thread ends without having been told to; does not resolve. */
  readonly failed: Promise<never>;
  readonly #thread: Worker;
  #isEnding = false;

  private constructor(plan: KeeperPlan) {
    this.bell = new Bell(plan.bell);
    const name = `xdpkit-keeper-${plan.queues.map(({ socket }) => socket.queue).join('-')}`;
    this.#thread = new Worker(new URL('./keeper-worker.js', import.meta.url), {
      workerData: plan,
      name: name.slice(0, 32),
    });
    this.failed = new Promise((_, reject) => {
      let cause: unknown;
      this.#thread.on('error', (error) => (cause = error));
      this.#thread.on('exit', () => {
        if (!this.#isEnding) reject(new XdpError('XDP_ERR_WORKER', `the thread ${name} failed`, { cause }));
      });
    });
    this.failed.catch(() => {});
  }

  /** Resolves when the fill rings are full. @throws XDP_ERR_WORKER */
  static async start(queues: readonly KeptQueue[], bell: SharedArrayBuffer, cpu?: number): Promise<KeeperThread> {
    const keeper = new KeeperThread({ queues, bell, cpu });
    await Promise.race([new Promise((resolve) => keeper.#thread.once('message', resolve)), keeper.failed]);
    return keeper;
  }

  /** Has it take in what was returned to it, and waits for its end. Idempotent. */
  async end(): Promise<void> {
    if (this.#isEnding) return;
    this.#isEnding = true;
    const gone = once(this.#thread, 'exit');
    this.bell.stop();
    const timer = setTimeout(() => void this.#thread.terminate(), END);
    await gone;
    clearTimeout(timer);
  }
}
