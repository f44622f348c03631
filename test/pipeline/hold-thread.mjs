/** A thread that takes packets through fault injection, with many held, until it is ended in the middle of whatever it does. */
import { parentPort, workerData } from 'node:worker_threads';
import { ControlBlock, MacSet } from '../../dist/control/index.js';
import { FAULT_COUNTERS, FAULT_SETTINGS, FaultInjector } from '../../dist/faults/index.js';
import { Batch, FrameOwner, Umem } from '../../dist/xsk/index.js';

const { place, holdMemory, batchMemory, capacity, settings } = workerData;
const umem = Umem.at(place);
const { pool, ledger } = umem;
const control = new ControlBlock(FAULT_SETTINGS, 1);
control.change({ enabled: 1, ...settings }, 0);
const injector = new FaultInjector({
  umem,
  control,
  sources: new MacSet(),
  destinations: new MacSet(),
  sockets: [{ port: 0, queue: 0, row: 0 }],
  counters: new Float64Array(FAULT_COUNTERS.length),
  drops: { drop: -9, burstLoss: -10, holdOverflow: -11 },
  holdMemory,
  clock: () => performance.now(),
});
const batch = new Batch(umem, capacity, batchMemory);

function giveBack() {
  for (let i = 0; i < batch.count; i++) {
    ledger.move(batch.addresses[i], FrameOwner.application, FrameOwner.free);
    pool.give(batch.addresses[i]);
    batch.handled = i + 1;
  }
}
parentPort.postMessage('ready');
for (;;) {
  const count = Math.min(capacity, pool.free);
  for (let i = 0; i < count; i++) {
    const address = pool.take();
    batch.addresses[i] = address + 256;
    batch.lengths[i] = 60 + i;
    batch.egress[i] = 1;
    batch.count = i + 1;
    ledger.move(address, FrameOwner.free, FrameOwner.application);
  }
  injector.apply(0, batch);
  giveBack();
  while (injector.due(0, batch) > 0) giveBack();
}
