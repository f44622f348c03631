/** A worker thread that sends through an AF_XDP socket. */
import { workerData } from 'node:worker_threads';
import { joinXskSocket, Umem } from '../xsk/index.js';
import { planFrames } from './frame-plan.js';
import { DescribedSource, type FrameSource, ReplayedSource } from './frame-source.js';
import { pacerOf } from './pacer.js';
import { ReplayReader } from './replay-reader.js';
import { runWorker } from './run-worker.js';
import { countersOf } from './send-counters.js';
import type { XskPlan } from './send-plan.js';
import { waitUntil } from './wait.js';
import { warmUp } from './warm-up.js';
import { Control } from './worker-messages.js';
import { XskSender } from './xsk-sender.js';

/** Milliseconds that frames on their way out may take to come back at the end. */
const DRAIN = 500;
/** Turns in which the device took nothing until it is left alone for a moment, and that moment in milliseconds. */
const PATIENCE = 200;
const PAUSE = 0.5;

const plan = workerData as XskPlan;

runWorker({
  ...plan,
  prepare(control) {
    const umem = Umem.at(plan.umem);
    const socket = joinXskSocket(plan.socket, umem);
    const { source, close } = open(umem);
    warmUp(plan);
    const { rate = { unit: 'max' }, workers: share, worker: phase, longest } = plan;
    const pacer = pacerOf({ rate, share, phase, longest });
    const counters = countersOf(plan);
    const sender = new XskSender({ umem, socket, source, pacer, batch: plan.batch, counters });
    return () => {
      try {
        send(sender, control);
      } finally {
        close();
      }
    };
  },
});

function open({ bytes, frameSize }: Umem): { source: FrameSource; close: () => void } {
  const { frames, worker, workers, count, rate, longest } = plan;
  if (frames.kind === 'described') {
    const common = { bytes, frameSize, first: worker, stride: workers, count };
    return { source: new DescribedSource({ plan: planFrames(frames.fields), ...common }), close: () => {} };
  }
  const reader = new ReplayReader(frames.file, frames.loops);
  const room = Math.min(longest, frameSize);
  const source = new ReplayedSource(reader, bytes, room, count, rate === undefined);
  return { source, close: () => reader.close() };
}

function send(sender: XskSender, control: Int32Array): void {
  const end = performance.now() + plan.duration;
  sender.start();
  let idle = 0;
  while (!sender.done && performance.now() < end && Atomics.load(control, Control.stop) === 0) {
    if (sender.turn() > 0) idle = 0;
    else if (sender.next > performance.now()) waitUntil(Math.min(sender.next, end), control);
    else if (++idle > PATIENCE) waitUntil(performance.now() + PAUSE, control);
  }
  sender.finish();
  const patience = performance.now() + DRAIN;
  while (!sender.done && performance.now() < patience) sender.turn();
  sender.end();
}
