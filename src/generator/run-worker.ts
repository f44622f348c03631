import { parentPort } from 'node:worker_threads';
import { calls, Errno, isErrno, XdpError } from '../sys/index.js';
import { Control, failureOf, type WorkerMessage } from './worker-messages.js';

const say = (message: WorkerMessage) => parentPort?.postMessage(message);

export interface WorkerSteps {
  readonly cpu: number | undefined;
  readonly control: SharedArrayBuffer;
  /** Gets everything ready. @returns what to do until the end, once all workers may begin */
  readonly prepare: (control: Int32Array) => () => void;
}

/** The life of a worker thread: it gets ready, waits for the word to begin, works, and says how it ended. */
export function runWorker({ cpu, control, prepare }: WorkerSteps): void {
  try {
    if (cpu !== undefined) pin(cpu);
    const words = new Int32Array(control);
    const work = prepare(words);
    say({ type: 'ready' });
    while (Atomics.load(words, Control.go) === 0) Atomics.wait(words, Control.go, 0);
    work();
    say({ type: 'done' });
  } catch (error) {
    say({ type: 'failed', failure: failureOf(error) });
  }
}

/** @throws XDP_ERR_USAGE for a processor that this process may not use */
function pin(cpu: number): void {
  try {
    calls.setAffinity([cpu]);
  } catch (cause) {
    if (!isErrno(cause, Errno.EINVAL)) throw cause;
    throw new XdpError('XDP_ERR_USAGE', `there is no processor ${cpu} that this process may run on`, {
      cause,
      advice: 'taskset -cp $$ lists those it may',
    });
  }
}
