/** Generates one constant packet, as `xdpkit generate` does: by AF_XDP, or as the kernel's live frames. */
import { setTimeout } from 'node:timers/promises';
import { Generator } from 'xdpkit/generator';
import { Meter } from './meter.js';
import { readOptions } from './options.js';

const options = readOptions();
const generator = await Generator.open({
  interface: options.interfaces[0]!,
  // The C program's packet: to nobody, so that the far end's stack has as little to do with it.
  traffic: {
    size: options.size,
    sourceMac: '02:00:00:00:00:01',
    destinationMac: '02:00:00:00:00:02',
    source: '10.0.0.1',
    destination: '10.0.0.2',
  },
  engine: options.engine,
  batch: options.batch,
  cpus: options.cpu === undefined ? undefined : [options.cpu],
  zeroCopy: 'off',
});
const frames = () => generator.sample().frames;
generator.start();
await setTimeout(options.warmup * 1000);
const meter = new Meter(frames());
await setTimeout(options.duration * 1000);
const measurement = meter.read(frames());
const { calls } = await generator.close();
console.log(JSON.stringify({ workload: `generate ${options.engine}`, ...measurement, kicks: calls }));
