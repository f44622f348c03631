/** What fault injection takes for a packet, in memory: `node temp/bench/faults.js`, after the build of bench. */
import { ControlBlock, MacSet } from 'xdpkit/control';
import { FAULT_COUNTERS, FAULT_SETTINGS, FaultInjector, type FaultSettings } from 'xdpkit/faults';
import { Batch, Umem } from 'xdpkit/xsk';
import { median } from './pairs.js';

const BATCH = 64;
/** Batches whose packets are put back and measured as one. */
const ROUND = 64;
const HOLD = 8192;

const enabled = { enabled: 1 };
const damage = { ...enabled, corruptProbability: 10, growProbability: 10, shrinkProbability: 10 };
const losses = { ...enabled, dropProbability: 10, gilbertP: 1000, gilbertR: 20_000 };
const common = { ...damage, ...losses, bitflipProbability: 1000, duplicateProbability: 1000 };
const timing = { delay: 1000, jitter: 100, distribution: 1, reorderProbability: 1000, reorderGap: 5 };

/** Settings, by what they show: a hundredth of the packets for each fault. */
const CASES: Readonly<Record<string, Partial<FaultSettings>>> = {
  'enabled, all 0': enabled,
  'both kinds of loss': losses,
  'drop 1 %': { ...enabled, dropProbability: 10 },
  'all but holding, 1 % each': common,
  'delay 1 ms': { ...enabled, delay: 1000 },
  'delay 1 ms, jitter': { ...enabled, delay: 1000, jitter: 100, distribution: 1 },
  'rate 10 Gbit/s': { ...enabled, rate: 1e10 },
  'everything on': { ...common, ...timing },
  'everything on, rate': { ...common, ...timing, rate: 1e12 },
};

/** Nanoseconds a packet of `length` bytes, by case; the bare loop that puts the packets back is taken off. */
export function measureFaults(rounds = 400, length = 60): Record<string, number> {
  const bare = run({}, rounds, length, 0);
  const entries = Object.entries(CASES).map(([name, settings]) => [name, run(settings, rounds, length, 0) - bare]);
  const sets = run(losses, rounds, length, 8) - bare;
  return { ...Object.fromEntries(entries), 'both kinds of loss, both MAC sets': sets };
}

function run(settings: Partial<FaultSettings>, rounds: number, length: number, macs: number): number {
  using umem = new Umem({ frames: HOLD + 4 * BATCH });
  const control = new ControlBlock(FAULT_SETTINGS, 1);
  const [sources, destinations] = [new MacSet(), new MacSet()];
  for (let i = 0; i < macs; i++) {
    sources.insert(`02:00:00:00:00:0${i}`);
    destinations.insert(`02:00:00:00:01:0${i}`);
  }
  for (const [name, value] of Object.entries(settings)) control.set(name as keyof FaultSettings, value, 0);
  // A packet every 250 ns.
  let now = 1000;
  const injector = new FaultInjector({
    umem,
    control,
    sources,
    destinations,
    sockets: [{ port: 0, queue: 0, row: 0 }],
    counters: new Float64Array(FAULT_COUNTERS.length),
    drops: { drop: -6, burstLoss: -7, holdOverflow: -8 },
    holdMemory: FaultInjector.holdMemory(HOLD),
    clock: () => now,
  });
  const batch = new Batch(umem, BATCH);
  const times: number[] = [];
  for (let frame = 0; frame < umem.frames; frame++) {
    umem.bytes.set([2, 0, 0, 0, 1, frame & 7, 2, 0, 0, 0, 0, frame & 7, 8, 0], frame * umem.frameSize + 256);
  }
  for (let round = 0; round < rounds; round++) {
    const start = process.hrtime.bigint();
    for (let i = 0; i < ROUND; i++) {
      now += 0.000_25 * BATCH;
      take(umem, batch, length);
      injector.apply(0, batch);
      give(umem, batch);
      while (injector.due(0, batch) > 0) give(umem, batch);
    }
    times.push(Number(process.hrtime.bigint() - start) / (ROUND * BATCH));
  }
  return median(times.slice(times.length >> 1));
}

function take({ pool }: Umem, batch: Batch, length: number): void {
  for (let i = 0; i < BATCH; i++) {
    batch.addresses[i] = pool.take() + 256;
    batch.lengths[i] = length;
    batch.egress[i] = 1;
  }
  batch.count = BATCH;
}

function give({ pool }: Umem, batch: Batch): void {
  for (let i = 0; i < batch.count; i++) pool.give(batch.addresses[i]!);
}

if (process.argv[1]?.endsWith('faults.js')) {
  for (const [name, ns] of Object.entries(measureFaults())) console.log(`${name.padEnd(34)} ${ns.toFixed(2)} ns`);
}
