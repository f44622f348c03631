// Runs a program again and again on a thread of its own, until told to stop.
import { parentPort, workerData } from 'node:worker_threads';
import { TestRun } from '../../dist/kernel/index.js';

const { fd, packet, stop } = workerData;
const run = new TestRun({ fd });
let runs = 0;
while (Atomics.load(stop, 0) === 0) {
  run.run(packet);
  runs++;
}
parentPort.postMessage(runs);
