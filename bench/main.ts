/** The benchmarks: `npm run bench -- --help`. */
import { parseArgs, styleText } from 'node:util';
import { type CidTimes, measureCid, printCid } from './cid.js';
import { type DelayResult, measureDelay } from './delay.js';
import { measureFaults } from './faults.js';
import { type LatencyResult, measureLatency } from './latency.js';
import { type MemoryResult, measureMemory } from './memory.js';
import { measurePairs, type Pairs } from './pairs.js';
import { buildPeer, hasTestpmd, workload } from './peer.js';
import { measureRules, type RulesResult } from './rules/measure-rules.js';
import { printRules } from './rules/print-rules.js';
import { measureStages } from './stages.js';
import { measureSteering, type SteeringResult } from './steering/measure-steering.js';
import { printSteering } from './steering/print-steering.js';
import { measureTestpmd } from './testpmd.js';
import { Program, Topology } from './topology.js';
import type { Measurement } from './workloads/meter.js';

const USAGE = `Usage: npm run bench -- [options]

Measures xdpkit beside a C program on libxdp, in turn, on veth pairs of its own. Needs root, gcc, make, libxdp-dev,
libbpf-dev, iproute2, util-linux and iputils-ping; for the delay tcpdump, for rules and steering clang-14. Close to nothing
else should run meanwhile.

  --only LIST      of rxdrop, txonly, forward, idle, statistics, generate, live, memory, stages, faults, latency, delay, testpmd,
                   rules, steering, cid (default: all that can run); idle and statistics are pairs with the same forwarder
                   without stages
  --pairs N        pairs of runs of each workload (default 21)
  --duration S     seconds that are counted of each run (default 1)
  --runs N         of a program of rules or steering, each time (default 10000000)
  --wait HOW       spin or poll, both programs alike (default spin)
  --batch N        packets taken at once, both programs alike (default 256)
  --size BYTES     of a packet that is sent (default 64)
  --quick          one pair: a check that everything runs, not a measurement
  --json           the result as JSON`;

const WORKLOADS = ['rxdrop', 'txonly', 'forward', 'idle', 'statistics', 'generate', 'live'] as const;
type Workload = (typeof WORKLOADS)[number];

interface Settings {
  readonly pairs: number;
  readonly duration: number;
  readonly runs: number;
  readonly wait: string;
  readonly batch: string;
  readonly size: string;
}

interface Results {
  readonly machine: { node: string; kernel: string; cpu: string };
  readonly settings: Settings;
  readonly workloads: Partial<Record<Workload, Pairs>>;
  memory?: MemoryResult;
  /** Nanoseconds a packet, by what is switched on. */
  stages?: Record<string, number>;
  faults?: Record<string, number>;
  latency?: LatencyResult;
  delay?: DelayResult;
  /** Packets per second. */
  testpmd?: { rxdrop: number; forward: number };
  rules?: RulesResult;
  steering?: SteeringResult;
  cid?: readonly CidTimes[];
}

const note = (text: string) => process.stderr.write(`${text}\n`);

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      only: { type: 'string' },
      pairs: { type: 'string', default: '21' },
      duration: { type: 'string', default: '1' },
      runs: { type: 'string' },
      wait: { type: 'string', default: 'spin' },
      batch: { type: 'string', default: '256' },
      size: { type: 'string', default: '64' },
      quick: { type: 'boolean', default: false },
      json: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  });
  if (values.help) {
    console.log(USAGE);
    return;
  }
  const { wait, batch, size, quick } = values;
  const settings = {
    pairs: quick ? 1 : Number(values.pairs),
    duration: Number(values.duration),
    runs: Number(values.runs ?? (quick ? 100_000 : 10_000_000)),
    wait,
    batch,
    size,
  };
  const able = [
    ...WORKLOADS,
    'memory',
    'stages',
    'faults',
    'latency',
    'delay',
    ...(hasTestpmd() ? ['testpmd'] : []),
    'rules',
    'steering',
    'cid',
  ];
  const only = values.only?.split(',') ?? able;
  const { cpus, release } = await import('node:os');
  const results: Results = {
    machine: { node: process.version, kernel: release(), cpu: cpus()[0]?.model ?? '' },
    settings,
    workloads: {},
  };
  const peer = buildPeer();
  for (const name of WORKLOADS.filter((each) => only.includes(each))) {
    note(`${name}: ${settings.pairs} pairs of ${settings.duration} s`);
    results.workloads[name] = await measureWorkload(name, peer, settings);
  }
  if (only.includes('memory')) results.memory = measureMemory(quick ? 200 : undefined);
  if (only.includes('stages')) {
    note('stages');
    results.stages = quick ? measureStages(1_000_000, 100) : measureStages();
  }
  if (only.includes('faults')) {
    note('faults');
    results.faults = measureFaults(quick ? 40 : undefined);
  }
  if (only.includes('latency')) {
    note('latency');
    results.latency = await measureLatency(quick ? 1 : 5, quick ? 200 : 2000);
  }
  if (only.includes('delay')) {
    note('delay');
    results.delay = await measureDelay(quick ? 20 : 1000);
  }
  if (only.includes('testpmd')) {
    note('testpmd');
    results.testpmd = await measurePeerTestpmd(peer, settings);
  }
  if (only.includes('rules')) {
    const { pairs, runs } = settings;
    results.rules = measureRules({ pairs, runs, frames: quick ? 2000 : 100_000 }, note);
  }
  if (only.includes('steering')) {
    const { pairs, runs } = settings;
    results.steering = measureSteering({ pairs, runs, frames: quick ? 2000 : 20_000 }, note);
  }
  if (only.includes('cid')) {
    note('connection IDs');
    results.cid = measureCid({ pairs: settings.pairs, runs: Number(values.runs ?? (quick ? 100_000 : 2_000_000)) });
  }
  if (values.json) console.log(JSON.stringify(results, undefined, 2));
  else print(results);
}

/** A source that sends as fast as it can, on processor 0, until it is stopped. */
function startSource(topology: Topology, peer: string): Program {
  return new Program(topology.source, [peer, 'flood', 'far0', '--cpu', '0', '--warmup', '0', '--duration', '3600']);
}

/** What is run, and around it: whether packets come in from near0's far end, and where they are dropped that go out. */
const SETTINGS: Record<
  Workload,
  { ours: string[]; theirs: string | string[]; interfaces: string[]; source?: true; sink?: string }
> = {
  rxdrop: { ours: workload('rxdrop'), theirs: 'rxdrop', interfaces: ['near0'], source: true },
  txonly: { ours: workload('txonly'), theirs: 'txonly', interfaces: ['near0'] },
  forward: { ours: workload('forward'), theirs: 'forward', interfaces: ['near0', 'near1'], source: true, sink: 'far1' },
  idle: {
    ours: workload('stages', '--stages', 'idle'),
    theirs: workload('stages', '--stages', 'none'),
    interfaces: ['near0', 'near1'],
    source: true,
    sink: 'far1',
  },
  statistics: {
    ours: workload('stages', '--stages', 'statistics'),
    theirs: workload('stages', '--stages', 'none'),
    interfaces: ['near0', 'near1'],
    source: true,
    sink: 'far1',
  },
  generate: { ours: workload('generate'), theirs: 'txonly', interfaces: ['near0'] },
  // A veth pair takes live frames only when an XDP program is on its other end.
  live: { ours: workload('generate', '--engine', 'live'), theirs: 'flood', interfaces: ['near1'], sink: 'far1' },
};

async function measureWorkload(name: Workload, peer: string, settings: Settings): Promise<Pairs> {
  using topology = new Topology();
  const { ours, theirs, interfaces, source, sink } = SETTINGS[name];
  const { duration, wait, batch, size } = settings;
  const words = ['--cpu', '1', '--warmup', '0.5', '--duration', String(duration), '--wait', wait, '--batch', batch];
  if (source === undefined) words.push('--size', size);
  const run = (command: string[]) => async (): Promise<Measurement> => {
    const flood = source && startSource(topology, peer);
    try {
      return JSON.parse(
        await new Program(topology.middle, [...command, ...interfaces, ...words, '--json']).result(),
      ) as Measurement;
    } finally {
      await flood?.stop();
    }
  };
  const drain = sink === undefined ? undefined : new Program(topology.sink, [peer, 'drop', sink, '--duration', '3600']);
  try {
    return await measurePairs(
      settings.pairs,
      wait === 'spin',
      run(ours),
      run(typeof theirs === 'string' ? [peer, theirs] : theirs),
    );
  } finally {
    await drain?.stop();
  }
}

async function measurePeerTestpmd(peer: string, settings: Settings): Promise<{ rxdrop: number; forward: number }> {
  using topology = new Topology();
  const source = () => startSource(topology, peer);
  const rxdrop = await measureTestpmd(topology.middle, ['near0'], 'rxonly', settings.duration, source);
  const sink = new Program(topology.sink, [peer, 'drop', 'far1', '--duration', '3600']);
  try {
    const forward = await measureTestpmd(topology.middle, ['near0', 'near1'], 'io', settings.duration, source);
    return { rxdrop, forward };
  } finally {
    await sink.stop();
  }
}

function print({ workloads, memory, stages, faults, latency, delay, testpmd, rules, steering, cid }: Results): void {
  const fixed = (value: number, digits: number) => value.toFixed(digits).padStart(9);
  const middle = (all: readonly Measurement[], key: 'pps' | 'cpuNsPerPacket') =>
    all.map((one) => one[key]).sort((a, b) => a - b)[all.length >> 1]!;
  if (Object.keys(workloads).length > 0)
    console.log(
      styleText('bold', 'workload     xdpkit Mpps     C Mpps      ratio   (low-high)     CPU ns   C CPU ns  CPU ratio'),
    );
  for (const [name, { ours, theirs, ppsRatio, cpuRatio, ppsRange, disturbed }] of Object.entries(workloads)) {
    const range = `(${ppsRange.map((ratio) => ratio.toFixed(2)).join('-')})`.padStart(13);
    console.log(
      `${name.padEnd(13)}${fixed(middle(ours, 'pps') / 1e6, 3)}   ${fixed(middle(theirs, 'pps') / 1e6, 3)}  ${fixed(ppsRatio, 3)}` +
        `${range}  ${fixed(middle(ours, 'cpuNsPerPacket'), 0)}  ${fixed(middle(theirs, 'cpuNsPerPacket'), 0)}  ${fixed(cpuRatio, 3)}` +
        (disturbed > 0 ? `   ${disturbed} disturbed` : ''),
    );
  }
  if (testpmd) {
    console.log(
      `\ntestpmd (af_xdp)  rxonly ${(testpmd.rxdrop / 1e6).toFixed(3)} Mpps, io ${(testpmd.forward / 1e6).toFixed(3)} Mpps`,
    );
  }
  if (memory) {
    const { bridge, callback, checksums, tap } = memory;
    console.log(
      `\nin memory         ${bridge.toFixed(1)} ns a packet, ${callback.toFixed(1)} with a callback, ${checksums.toFixed(1)} looking for checksums, ${tap.toFixed(1)} into the tap`,
    );
  }
  for (const [title, table] of [
    ['switched on after 20 million idle packets', stages],
    ['fault injection alone', faults],
  ] as const) {
    if (table === undefined) continue;
    console.log(`\nin memory, ${title}, ns a packet`);
    for (const [name, ns] of Object.entries(table)) console.log(`  ${name.padEnd(36)} ${ns.toFixed(1)}`);
  }
  if (delay) {
    const { plain, error, errorRange, idleCpu } = delay;
    console.log(
      `\ndelay of 5 ms, from host to host, µs  error p50 ${error.p50.toFixed(0)} p99 ${error.p99.toFixed(0)} ` +
        `(${errorRange.map((value) => value.toFixed(0)).join(' to ')}); without it p50 ${plain.p50.toFixed(0)} p99 ${plain.p99.toFixed(0)}; ` +
        `idle ${(idleCpu * 100).toFixed(1)} % of a processor`,
    );
  }
  if (latency) {
    const { xdpkit, kernelBridge } = latency;
    console.log(
      `\nping, µs          xdpkit p50 ${xdpkit.p50.toFixed(0)} p99 ${xdpkit.p99.toFixed(0)}, ` +
        `kernel bridge p50 ${kernelBridge.p50.toFixed(0)} p99 ${kernelBridge.p99.toFixed(0)}`,
    );
  }
  if (rules) printRules(rules);
  if (steering) printSteering(steering);
  if (cid) printCid(cid);
}

await main();
