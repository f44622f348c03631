import { spawn } from 'node:child_process';
import { setTimeout as sleep } from 'node:timers/promises';
import { addAddress } from 'xdpkit/netdev';
import { Bridge } from 'xdpkit/pipeline';
import { type Latency, ping } from './latency.js';
import { median } from './pairs.js';
import { Topology } from './topology.js';

/** Milliseconds. */
const DELAY = 5;
const ROUNDS = 5;

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
  const base = middle(plain, 'p50');
  const over = (value: number) => value - DELAY * 1000 - base;
  const worst = delayed.map(({ p99 }) => over(p99)).sort((a, b) => a - b);
  return {
    plain: { p50: base, p99: middle(plain, 'p99') },
    error: { p50: over(middle(delayed, 'p50')), p99: over(middle(delayed, 'p99')) },
    errorRange: [worst[0]!, worst.at(-1)!],
    idleCpu,
  };
}

const middle = (all: readonly Latency[], key: keyof Latency) => median(all.map((one) => one[key]));

async function rounds(topology: Topology, pings: number): Promise<Latency[]> {
  const all: Latency[] = [];
  for (let i = 0; i < ROUNDS; i++) {
    const left = capture(topology.source, 'far0', 'out');
    const came = capture(topology.sink, 'far1', 'in');
    // Both are there when they have written a line each.
    await Promise.all([left.ready, came.ready]);
    // Far enough apart that the worker sleeps in between.
    await ping(topology, pings, 0.005);
    const [from, to] = await Promise.all([left.end(), came.end()]);
    const times = [...from].filter(([key]) => to.has(key)).map(([key, at]) => to.get(key)! - at);
    if (times.length < pings) throw new Error(`tcpdump saw ${times.length} of ${pings} pings at both ends`);
    times.sort((a, b) => a - b);
    all.push({ p50: times[times.length >> 1]!, p99: times[Math.floor(times.length * 0.99)]! });
  }
  return all;
}

/** When echo requests pass an interface, by tcpdump: microseconds, by their id and number. */
function capture(netns: string, name: string, direction: 'in' | 'out') {
  const words = ['-i', name, '-Q', direction, '-nn', '-tt', '--immediate-mode', '--time-stamp-precision=nano'];
  const child = spawn('ip', ['netns', 'exec', netns, 'tcpdump', ...words, 'icmp[icmptype] = icmp-echo']);
  const ended = new Promise((resolve) => child.on('close', resolve));
  const output: Buffer[] = [];
  child.stdout.on('data', (data) => output.push(data));
  const ready = new Promise<void>((resolve) => {
    child.stderr.on('data', (data) => String(data).includes('listening') && resolve());
  });
  const end = async () => {
    // The last packets are still on their way to it.
    await sleep(300);
    child.kill('SIGINT');
    await ended;
    const lines = Buffer.concat(output)
      .toString()
      .matchAll(/^(\d+)\.(\d{9}) .* id (\d+), seq (\d+),/gm);
    return new Map(
      [...lines].map(([, seconds, rest, id, number]) => [`${id} ${number}`, microseconds(seconds!, rest!)]),
    );
  };
  return { ready, end };
}

/** Of the day: in one number with the seconds since 1970 the nanoseconds would get lost. */
function microseconds(seconds: string, nanoseconds: string): number {
  return (Number(seconds) % 86_400) * 1e6 + Number(nanoseconds) / 1000;
}
