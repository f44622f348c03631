import { Control } from './worker-messages.js';

/** Milliseconds: a thread that sleeps comes back as late as this, so it stops sleeping as much earlier. */
const LATE = 0.15;
/** It is asked whether to stop as often. */
const LONGEST = 100;

/** Waits for a point in time of performance.now(): asleep as long as that is exact enough. Ends early for a stop. */
export function waitUntil(time: number, control: Int32Array): void {
  for (;;) {
    const left = time - performance.now();
    if (left <= 0 || Atomics.load(control, Control.stop) !== 0) return;
    if (left > 2 * LATE) Atomics.wait(control, Control.stop, 0, Math.min(left - LATE, LONGEST));
  }
}
