import { setTimeout as sleep } from 'node:timers/promises';
import { addAddress } from 'xdpkit/netdev';
import { Bridge } from 'xdpkit/pipeline';
import { type Latency, ping } from './latency.js';
import { Topology } from './topology.js';

/** Milliseconds: ping tells less than 10 of them to 10 µs. */
const DELAY = 5;

export interface DelayResult {
  /** Round trips without a delay, in microseconds, and how much longer than that and the delay they are with one. */
  readonly plain: Latency;
  readonly error: Latency;
  /** Processor time of the whole process while nothing comes in, as a share of one processor. */
  readonly idleCpu: number;
}

/** Pings across the bridge with a delay of 5 ms on the way there. */
export async function measureDelay(pings: number): Promise<DelayResult> {
  using topology = new Topology();
  addAddress('far0', '10.78.0.1/24', { netns: topology.source });
  addAddress('far1', '10.78.0.2/24', { netns: topology.sink });
  await using bridge = await Bridge.open({ interfaces: ['near0', 'near1'], netns: topology.middle });
  await ping(topology, 10);
  // Far enough apart that the worker sleeps in between.
  const plain = await ping(topology, pings, 0.005);
  bridge.pipeline.faults.change({ enabled: 1, delay: DELAY * 1000 }, 0);
  const delayed = await ping(topology, pings, 0.005);
  await sleep(500);
  const before = process.cpuUsage();
  const begun = performance.now();
  await sleep(2000);
  const { user, system } = process.cpuUsage(before);
  const idleCpu = (user + system) / 1000 / (performance.now() - begun);
  const over = (value: number) => value - DELAY * 1000 - plain.p50;
  return { plain, error: { p50: over(delayed.p50), p99: over(delayed.p99) }, idleCpu };
}
