/** A backend's thread: loads the module that serves its connections, and lives as long as that. */
import { parentPort, workerData } from 'node:worker_threads';
import { calls } from '../../sys/index.js';
import { Backend, type BackendPlace } from './backend.js';

/** What a module that serves a backend has as its default export; what it returns is called at the end. */
export type BackendModule = (backend: Backend, data: unknown) => BackendEnd | Promise<BackendEnd>;
type BackendEnd = (() => void | Promise<void>) | undefined | void;

export interface BackendPlan {
  readonly place: BackendPlace;
  /** URL. */
  readonly module: string;
  readonly data: unknown;
  readonly cpu: number | undefined;
}

/** What the thread says: it is ready for packets; or it ends, because of this. */
export type BackendMessage = { readonly type: 'ready' } | { readonly type: 'failed'; readonly message: string };

const plan = workerData as BackendPlan;
const say = (message: BackendMessage) => parentPort!.postMessage(message);
let backend: Backend | undefined;
let end: BackendEnd;

// A watch that is on when its thread ends takes the whole process along: however this one ends, they are off before.
process.on('exit', () => backend?.close());
process.on('uncaughtException', fail);
process.on('unhandledRejection', fail);
parentPort!.on('message', async () => {
  try {
    await end?.();
  } finally {
    process.exit();
  }
});

if (plan.cpu !== undefined) calls.setAffinity([plan.cpu]);
const { default: serve } = (await import(plan.module)) as { default?: unknown };
if (typeof serve !== 'function') throw new TypeError(`${plan.module} has no function as its default export`);
backend = Backend.at(plan.place);
end = await (serve as BackendModule)(backend, plan.data);
say({ type: 'ready' });

function fail(error: unknown): void {
  say({ type: 'failed', message: error instanceof Error ? error.message : String(error) });
  process.exit(1);
}
