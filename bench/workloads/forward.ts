/** Forwards between two interfaces: the bridge as it ships, with one worker. */
import { setTimeout } from 'node:timers/promises';
import { Bridge } from 'xdpkit/pipeline';
import { Meter } from './meter.js';
import { readOptions } from './options.js';

const options = readOptions();
await using bridge = await Bridge.open({
  interfaces: options.interfaces,
  workers: 1,
  cpus: options.cpu === undefined ? undefined : [options.cpu],
  mode: options.mode,
  zeroCopy: 'off',
  ring: options.ring,
  batch: options.batch,
  wait: options.wait === 'spin' ? 'spin' : 'adaptive',
});
const sent = () => bridge.sample().ports.reduce((sum, { total }) => sum + total.txPackets, 0);
await setTimeout(options.warmup * 1000);
const meter = new Meter(sent());
await setTimeout(options.duration * 1000);
const measurement = meter.read(sent());
const { last, audits } = await bridge.close();
const kicks = last.ports.reduce((sum, { total }) => sum + total.kicks, 0);
console.log(JSON.stringify({ workload: 'forward', ...measurement, kicks, audits }));
