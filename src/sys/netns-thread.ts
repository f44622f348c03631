/** The thread behind `runInNamespace`: enters the namespace first, and only then loads the module that opens sockets. */
import { parentPort, workerData } from 'node:worker_threads';
import { enterNamespace } from './netns.js';

const { netns, module, name, args } = workerData as { netns: string; module: string; name: string; args: unknown[] };
parentPort?.on('message', () => process.exit());
enterNamespace(netns);
const run = ((await import(module)) as Record<string, (...args: unknown[]) => unknown>)[name];
if (run === undefined) throw new Error(`${module} exports no ${name}`);
parentPort?.postMessage(await run(...args));
