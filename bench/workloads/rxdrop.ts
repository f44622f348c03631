/** Receives and gives the frames back to the fill ring: one socket, on this thread. */
import { Device } from 'xdpkit/device';
import { Batch, openXskSocket, Poller, Umem } from 'xdpkit/xsk';
import { measure } from './meter.js';
import { pin, readOptions } from './options.js';

const options = readOptions();
pin(options);
const umem = new Umem({ frames: options.frames });
const device = Device.open(options.interfaces[0]!, { mode: options.mode, capacity: umem.capacity });
const socket = openXskSocket({
  umem,
  interface: device.link,
  queue: 0,
  rxSize: options.ring,
  txSize: 0,
  fillSize: options.ring,
  completionSize: options.ring,
  zeroCopy: 'off',
});
const batch = new Batch(umem, options.batch);
const poller = new Poller([socket.fd]);
const { pool } = umem;
const { rings } = socket;
rings.refill(options.ring);
device.sockets.set(0, socket.fd);

const measurement = measure(
  () => {
    const count = socket.receive(batch);
    if (count === 0) {
      if (options.wait === 'poll') poller.wait(100);
      return 0;
    }
    for (let i = 0; i < count; i++) pool.give(batch.addresses[i]!);
    rings.refill(count);
    return count;
  },
  options.warmup,
  options.duration,
);
console.log(JSON.stringify({ workload: 'rxdrop', ...measurement, kernel: socket.statistics() }));
device.close();
socket.close();
umem.close();
