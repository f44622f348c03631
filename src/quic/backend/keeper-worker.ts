/** A keeper's thread: it has no packets, and sees to it that backends and kernel have frames for theirs. */
import { parentPort, workerData } from 'node:worker_threads';
import { calls } from '../../sys/index.js';
import { Bell } from './bell.js';
import { type KeptQueue, QueueKeeper } from './keeper.js';

export interface KeeperPlan {
  readonly queues: readonly KeptQueue[];
  readonly bell: SharedArrayBuffer;
  /** Processor that it is bound to. */
  readonly cpu: number | undefined;
}

/** Naps without a frame moved before it goes to sleep. */
const PATIENCE = 20;

const plan = workerData as KeeperPlan;
if (plan.cpu !== undefined) calls.setAffinity([plan.cpu]);
const bell = new Bell(plan.bell);
const keepers = plan.queues.map((queue) => new QueueKeeper(queue));

function turn(): number {
  let moved = 0;
  for (const keeper of keepers) moved += keeper.turn();
  return moved;
}

// The fill rings are full before the first packet can come.
turn();
parentPort!.postMessage('ready');
for (let idle = 0; !bell.isStopped; ) {
  idle = turn() > 0 ? 0 : idle + 1;
  if (idle < PATIENCE) bell.nap();
  else {
    bell.lieDown();
    if (turn() === 0) bell.sleep();
    else idle = 0;
  }
}
turn();
