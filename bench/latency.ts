import { execFileSync } from 'node:child_process';
import { addAddress } from 'xdpkit/netdev';
import { Bridge } from 'xdpkit/pipeline';
import { median } from './pairs.js';
import { Program, Topology } from './topology.js';

/** Round trips of ping between two hosts, in microseconds. */
export interface Latency {
  readonly p50: number;
  readonly p99: number;
}

export interface LatencyResult {
  readonly xdpkit: Latency;
  readonly kernelBridge: Latency;
  /** Medians over the runs, ours over the kernel's. */
  readonly p50Ratio: number;
  readonly p99Ratio: number;
}

/** Pings across the bridge and across the kernel's own bridge, in turn, on the same veth pairs. */
export async function measureLatency(runs: number, pings: number): Promise<LatencyResult> {
  using topology = new Topology();
  addAddress('far0', '10.78.0.1/24', { netns: topology.source });
  addAddress('far1', '10.78.0.2/24', { netns: topology.sink });
  const ours: Latency[] = [];
  const theirs: Latency[] = [];
  for (let run = 0; run < runs; run++) {
    {
      await using _bridge = await Bridge.open({ interfaces: ['near0', 'near1'], netns: topology.middle });
      ours.push(await ping(topology, pings));
    }
    const ip = (...words: string[]) => execFileSync('ip', ['-n', topology.middle, 'link', ...words]);
    ip('add', 'br0', 'type', 'bridge', 'forward_delay', '0');
    for (const name of ['near0', 'near1']) ip('set', name, 'master', 'br0');
    ip('set', 'br0', 'up');
    theirs.push(await ping(topology, pings));
    ip('del', 'br0');
  }
  const xdpkit = medians(ours);
  const kernelBridge = medians(theirs);
  return { xdpkit, kernelBridge, p50Ratio: xdpkit.p50 / kernelBridge.p50, p99Ratio: xdpkit.p99 / kernelBridge.p99 };
}

export async function ping(topology: Topology, count: number, interval = 0.002): Promise<Latency> {
  const words = ['ping', '-n', '-i', String(interval), '-c', String(count), '10.78.0.2'];
  const program = new Program(topology.source, words);
  await program.result();
  const times = [...program.output.matchAll(/time=([\d.]+) ms/g)].map((match) => Number(match[1]) * 1000);
  if (times.length < count) throw new Error(`${count - times.length} of ${count} pings were lost`);
  return latencyOf(times);
}

/** @param times in microseconds, in any order */
export function latencyOf(times: readonly number[]): Latency {
  const sorted = times.toSorted((a, b) => a - b);
  return { p50: sorted[sorted.length >> 1]!, p99: sorted[Math.floor(sorted.length * 0.99)]! };
}

/** Of several runs. */
export function medians(all: readonly Latency[]): Latency {
  return { p50: median(all.map(({ p50 }) => p50)), p99: median(all.map(({ p99 }) => p99)) };
}
