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

const plan = workerData as BackendPlan;
if (plan.cpu !== undefined) calls.setAffinity([plan.cpu]);
const { default: serve } = (await import(plan.module)) as { default?: unknown };
if (typeof serve !== 'function') throw new TypeError(`${plan.module} has no function as its default export`);
const backend = Backend.at(plan.place);
// Without a watch nothing would keep the thread alive before the module asks for packets.
parentPort!.on('message', async (message: unknown) => {
  if (message !== 'end') return;
  try {
    await end?.();
  } finally {
    backend.close();
    process.exit();
  }
});
const end = await (serve as BackendModule)(backend, plan.data);
parentPort!.postMessage('ready');
