/** A worker thread that receives frames, takes note of them, and gives them back. */
import { workerData } from 'node:worker_threads';
import { Batch, joinXskSocket, Poller, TwinQueue, Umem, type XskSocket } from '../xsk/index.js';
import { monotonicNow } from './clock.js';
import { parseFrameFields } from './frame-fields.js';
import { planFrames } from './frame-plan.js';
import { FrameWriter } from './frame-writer.js';
import { MeasureMeter } from './measure-meter.js';
import { RECEIVE_SLOTS, Total } from './receive-counters.js';
import type { ReceivePlan } from './receive-plan.js';
import { runWorker } from './run-worker.js';
import { Control } from './worker-messages.js';

const BATCH = 64;
/** Turns without a frame before the worker goes to sleep: some 50 µs. */
const PATIENCE = 500;
/** Milliseconds of sleep at most: an order to stop is heard as late. */
const SLEEP = 100;
/** Turns between two looks at the kernel's counters, under load. */
const SAMPLE_TURNS = 8192;

const plan = workerData as ReceivePlan;

interface Member {
  readonly socket: XskSocket;
  readonly meter: MeasureMeter;
}

runWorker({
  ...plan,
  prepare(control) {
    warmUp();
    const umem = Umem.at(plan.umem);
    const row = new Float64Array(plan.counters, plan.worker * RECEIVE_SLOTS * 8, RECEIVE_SLOTS);
    const members = plan.sockets.map((place) => ({ socket: joinXskSocket(place, umem), meter: new MeasureMeter(row) }));
    // Before the main thread puts the sockets into the map: no frame shall come to an empty fill ring.
    for (const { socket } of members) socket.rings.refill(plan.ring);
    return () => receive(umem, members, row, control);
  },
});

function receive(umem: Umem, members: readonly Member[], row: Float64Array, control: Int32Array): void {
  const batch = new Batch(umem, BATCH);
  const poller = new Poller(members.map(({ socket }) => socket.fd));
  const sample = () => {
    let dropped = 0;
    for (const { socket } of members) {
      const { rxDropped, rxRingFull } = socket.statistics();
      dropped += rxDropped + rxRingFull;
    }
    row[Total.dropped] = dropped;
  };
  let idle = 0;
  for (let turn = 1; Atomics.load(control, Control.stop) === 0; turn++) {
    let count = 0;
    for (const member of members) count += serve(umem, member, batch);
    idle = count > 0 ? 0 : idle + 1;
    if (idle >= PATIENCE && plan.wait === 'adaptive') {
      sample();
      // Woken by frames, it stays awake for a while; woken by the clock, it looks once.
      idle = poller.wait(SLEEP) > 0 ? 0 : PATIENCE - 1;
    } else if (turn % SAMPLE_TURNS === 0) sample();
  }
  // What came in before the program was taken off.
  for (const member of members) while (serve(umem, member, batch) > 0);
  sample();
}

function serve(umem: Umem, { socket, meter }: Member, batch: Batch): number {
  if (socket.zeroCopy) socket.wakeRx();
  const count = socket.receive(batch);
  if (count === 0) return 0;
  const now = monotonicNow();
  for (let i = 0; i < count; i++) meter.add(batch.bytes, batch.addresses[i]!, batch.lengths[i]!, now);
  umem.pool.giveAll(batch.addresses, 0, count);
  socket.rings.refill(count);
  return count;
}

/** Receives frames from an in-memory queue until V8 has compiled the way they go. */
function warmUp(): void {
  using umem = new Umem({ frames: 256 });
  const queue = new TwinQueue({ umem, size: 256 });
  const frame = new Uint8Array(128);
  const fields = parseFrameFields({ payload: 'measure', size: 128 }, (key) => key);
  const writer = new FrameWriter(planFrames(fields), frame);
  const member = { socket: queue.socket, meter: new MeasureMeter(new Float64Array(RECEIVE_SLOTS)) };
  const batch = new Batch(umem, BATCH);
  queue.socket.rings.refill(256);
  for (let n = 0; n < 50_000; n++) {
    writer.write(n, 0, monotonicNow());
    queue.deliver(frame);
    if (n % BATCH === 0) serve(umem, member, batch);
  }
}
