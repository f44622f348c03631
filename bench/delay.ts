import { setTimeout as sleep } from 'node:timers/promises';
import { addAddress } from 'xdpkit/netdev';
import { Bridge } from 'xdpkit/pipeline';
import { type Latency, latencyOf, medians, ping } from './latency.js';
import { Program, Topology } from './topology.js';

/** Milliseconds. */
const DELAY = 5;
const ROUNDS = 5;
/** What tcpdump says when it has begun. */
const LISTENING = 'listening on';

export interface DelayResult {
  /** From host to host without a delay, in microseconds; and how much longer than that and the delay it takes with one: medians of 5 rounds. */
  readonly plain: Latency;
  readonly error: Latency;
  /** The lowest and the highest p99 of a round. */
  readonly errorRange: readonly [low: number, high: number];
  /** Processor time of the whole process while nothing comes in, as a share of one processor. */
  readonly idleCpu: number;
}

/**
 * Pings across the bridge with a delay of 5 ms on the way there. Told is the way of the request alone, by tcpdump's times at both ends:
 * a round trip has the answer's way in it, and how soon two more sleepers wake.
 */
export async function measureDelay(pings: number): Promise<DelayResult> {
  using topology = new Topology();
  addAddress('far0', '10.78.0.1/24', { netns: topology.source });
  addAddress('far1', '10.78.0.2/24', { netns: topology.sink });
  await using bridge = await Bridge.open({ interfaces: ['near0', 'near1'], netns: topology.middle });
  await ping(topology, 10);
  const plain = await rounds(topology, pings);
  bridge.pipeline.faults.change({ enabled: 1, delay: DELAY * 1000 }, 0);
  const delayed = await rounds(topology, pings);
  await sleep(500);
  const before = process.cpuUsage();
  const begun = performance.now();
  await sleep(2000);
  const { user, system } = process.cpuUsage(before);
  const idleCpu = (user + system) / 1000 / (performance.now() - begun);
  const base = medians(plain);
  const over = (value: number) => value - DELAY * 1000 - base.p50;
  const { p50, p99 } = medians(delayed);
  const worst = delayed.map(({ p99 }) => over(p99)).sort((a, b) => a - b);
  return {
    plain: base,
    error: { p50: over(p50), p99: over(p99) },
    errorRange: [worst[0]!, worst.at(-1)!],
    idleCpu,
  };
}

async function rounds(topology: Topology, pings: number): Promise<Latency[]> {
  const all: Latency[] = [];
  for (let i = 0; i < ROUNDS; i++) {
    const left = capture(topology.source, 'far0', 'out');
    const came = capture(topology.sink, 'far1', 'in');
    await Promise.all([left.says(LISTENING), came.says(LISTENING)]);
    // Far enough apart that the worker sleeps in between.
    await ping(topology, pings, 0.005);
    // The last packets are still on their way to both.
    await sleep(300);
    const [from, to] = [timesIn(await left.stop()), timesIn(await came.stop())];
    const times = [...from].filter(([key]) => to.has(key)).map(([key, at]) => to.get(key)! - at);
    if (times.length < pings) throw new Error(`tcpdump saw ${times.length} of ${pings} pings at both ends`);
    all.push(latencyOf(times));
  }
  return all;
}

/** A tcpdump of the echo requests that pass an interface. */
function capture(netns: string, name: string, direction: 'in' | 'out'): Program {
  const words = ['-i', name, '-Q', direction, '-nn', '-tt', '--immediate-mode', '--time-stamp-precision=nano'];
  return new Program(netns, ['tcpdump', ...words, 'icmp[icmptype] = icmp-echo']);
}

/** When they passed, in microseconds, by their id and number. */
function timesIn(output: string): Map<string, number> {
  const lines = [...output.matchAll(/^(\d+)\.(\d{9}) .* id (\d+), seq (\d+),/gm)];
  return new Map(lines.map(([, seconds, rest, id, number]) => [`${id} ${number}`, microseconds(seconds!, rest!)]));
}

/** Of the day: in one number with the seconds since 1970 the nanoseconds would get lost. */
function microseconds(seconds: string, nanoseconds: string): number {
  return (Number(seconds) % 86_400) * 1e6 + Number(nanoseconds) / 1000;
}
