/** A thread that writes numbered packets into a ring of a tap: `batch` at a time, until it is told to stop or has written `most`. */
import { parentPort, workerData } from 'node:worker_threads';
import { Arena } from '../../dist/sys/index.js';
import { TapProducer } from '../../dist/tap/index.js';

const { memory, tap, ring, most, batch, pause, control } = workerData;
const stop = new Int32Array(control);
const producer = TapProducer.at(tap, ring, Arena.of(memory));
const packet = new Uint8Array(256);
const view = new DataView(packet.buffer);
view.setUint32(12, ring, true);
let written = 0;
let lost = 0;
parentPort.postMessage({ ready: true });
while (written + lost < most && Atomics.load(stop, 0) === 0) {
  for (let i = 0; i < batch && written + lost < most; i++) {
    const number = written + lost;
    view.setFloat64(16, number, true);
    const length = 60 + (number % 100);
    if (producer.write(packet, 0, length, ring & 1, 1, 1_700_000_000, number % 1e9)) written++;
    else lost++;
  }
  producer.publish();
  if (pause > 0) Atomics.wait(stop, 0, 0, pause);
}
parentPort.postMessage({ written, lost });
