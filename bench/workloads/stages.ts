/** Forwards between two interfaces on this thread: without any stage, with all of them idle, or with statistics. */
import { Device } from 'xdpkit/device';
import { FaultInjector } from 'xdpkit/faults';
import { Counters, Forwarder, PipelineMemory, Stages, warmUp } from 'xdpkit/pipeline';
import { openXskSocket, Umem } from 'xdpkit/xsk';
import { measure } from './meter.js';
import { pin, readOptions } from './options.js';

const options = readOptions();
pin(options);
const { ring, batch, stages: kind } = options;
const umem = new Umem({ frames: 2 * (3 * ring + batch) });
warmUp(batch, umem);
const devices = options.interfaces.map((name) => Device.open(name, { mode: options.mode, capacity: umem.capacity }));
const sizes = { rxSize: ring, txSize: ring, fillSize: ring, completionSize: ring };
const sockets = devices.map(({ link }) => {
  return openXskSocket({ umem, interface: link, queue: 0, ...sizes, zeroCopy: 'off' });
});
const counters = new Counters(sockets.length, 0);
const memory = PipelineMemory.create(sockets.length, sockets.length);
memory.settings.set('statistics', kind === 'statistics' ? 1 : 0);
const stages = new Stages({
  umem,
  memory,
  sockets: sockets.map((_, port) => ({ port, queue: 0, queues: 1, number: port })),
  holdMemory: FaultInjector.holdMemory(0),
});
const forwarder = new Forwarder({
  umem,
  sockets: sockets.map((socket, port) => {
    return { socket, port, row: counters.socketRow(port), partialChecksums: false };
  }),
  counters: counters.slots,
  batch,
  stages: kind === 'none' ? undefined : stages,
});
forwarder.turn();
for (const [i, { fd }] of sockets.entries()) devices[i]!.sockets.set(0, fd);
const measurement = measure(() => forwarder.turn(), options.warmup, options.duration);
console.log(JSON.stringify({ workload: `stages ${kind}`, ...measurement }));
for (const device of devices) device.close();
for (const socket of sockets.toReversed()) socket.close();
umem.close();
