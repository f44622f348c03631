/** A worker thread that has the kernel send live frames. */
import { workerData } from 'node:worker_threads';
import { TestRun } from '../kernel/index.js';
import { enterNamespace, Mapping, XdpError } from '../sys/index.js';
import { monotonicNow } from './clock.js';
import { LiveWord } from './live-state.js';
import { type Pacer, pacerOf } from './pacer.js';
import { runWorker } from './run-worker.js';
import { countersOf, SendSlot } from './send-counters.js';
import type { LivePlan } from './send-plan.js';
import { waitUntil } from './wait.js';
import { Control } from './worker-messages.js';

/** Frames of one call at most: some milliseconds of them, in which nobody can be told to stop. */
const MOST = 4096;

const plan = workerData as LivePlan;

runWorker({
  ...plan,
  prepare(control) {
    // The kernel looks the interface up in the namespace of the thread.
    if (plan.netns !== undefined) enterNamespace(plan.netns);
    const run = new TestRun({ fd: plan.programFd });
    const { rate = { unit: 'max' }, workers: share, worker: phase } = plan;
    const pacer = pacerOf({ rate, share, phase, longest: plan.frame.length });
    return () => send(run, pacer, control);
  },
});

function send(run: TestRun, pacer: Pacer, control: Int32Array): void {
  const { ifindex, frame, batch, worker, workers, sameSize } = plan;
  const state = new BigUint64Array(Mapping.borrow(plan.state.address, plan.state.length));
  const counters = countersOf(plan);
  // The program counts, so that a call that a signal cut short is no matter.
  const framesSoFar = () => (Number(state[LiveWord.next]) - worker) / workers;
  const bytesSoFar = (frames: number) => (sameSize ? frames * frame.length : Number(state[LiveWord.bytes]));
  counters[SendSlot.began] = monotonicNow();
  const start = performance.now();
  const end = start + plan.duration;
  pacer.start(start);
  for (let left = plan.count; left > 0 && Atomics.load(control, Control.stop) === 0; ) {
    const now = performance.now();
    if (now >= end) return;
    const count = Math.min(pacer.allowed(now), MOST, left);
    if (count < 1) {
      waitUntil(Math.min(pacer.next(), end), control);
      continue;
    }
    try {
      run.live(frame, { count, batchSize: batch, ingressIfindex: ifindex });
    } catch (cause) {
      if (!(cause instanceof XdpError) || cause.code !== 'XDP_ERR_NO_INTERFACE') throw cause;
      throw new XdpError('XDP_ERR_INTERFACE_GONE', 'the interface went away while it was in use', { cause });
    }
    const frames = framesSoFar();
    const bytes = bytesSoFar(frames);
    const sent = frames - counters[SendSlot.frames]!;
    pacer.spent(sent, bytes - counters[SendSlot.bytes]!);
    left -= sent;
    counters[SendSlot.frames] = frames;
    counters[SendSlot.bytes] = bytes;
    counters[SendSlot.calls]!++;
    counters[SendSlot.ended] = monotonicNow();
  }
}
