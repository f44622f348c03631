/** Transmits one constant packet from frames that were filled once, and counts completions: one socket, on this thread. */
import { getLink } from 'xdpkit/netdev';
import { Batch, openXskSocket, Umem } from 'xdpkit/xsk';
import { measure } from './meter.js';
import { pin, readOptions } from './options.js';

const options = readOptions();
pin(options);
const umem = new Umem({ frames: options.frames });
const link = getLink(options.interfaces[0]!);
const socket = openXskSocket({
  umem,
  interface: link,
  queue: 0,
  rxSize: 0,
  txSize: options.ring,
  fillSize: options.ring,
  completionSize: options.ring,
  zeroCopy: 'off',
});
const { pool } = umem;
const { rings } = socket;
for (const address of pool.addresses()) umem.bytes.set(packet(options.size), address);
const batch = new Batch(umem, options.batch);
batch.lengths.fill(options.size);

const measurement = measure(
  () => {
    const done = rings.inTx > 0 ? rings.reap(options.ring) : 0;
    const count = Math.min(pool.free, options.batch);
    for (let i = 0; i < count; i++) batch.addresses[i] = pool.take();
    const taken = socket.transmit(batch, 0, count);
    for (let i = taken; i < count; i++) pool.give(batch.addresses[i]!);
    socket.flush();
    return done;
  },
  options.warmup,
  options.duration,
);
console.log(JSON.stringify({ workload: 'txonly', ...measurement, kicks: socket.kicks }));
socket.close();
umem.close();

/** UDP over IPv4 to nobody, without a UDP checksum. */
function packet(size: number): Uint8Array {
  const frame = new Uint8Array(size);
  const view = new DataView(frame.buffer);
  frame.set([2, 0, 0, 0, 0, 2, 2, 0, 0, 0, 0, 1, 8, 0, 0x45]);
  view.setUint16(16, size - 14);
  frame.set([64, 17, 0, 0, 10, 0, 0, 1, 10, 0, 0, 2], 22);
  let sum = 0;
  for (let at = 14; at < 34; at += 2) sum += view.getUint16(at);
  view.setUint16(24, ~((sum & 0xffff) + (sum >>> 16)));
  view.setUint16(34, 1);
  view.setUint16(36, 2);
  view.setUint16(38, size - 34);
  return frame;
}
