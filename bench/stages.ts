/**
 * What the pipeline's stages take for a packet, in memory, when they are switched on after 20 million packets that nobody looked
 * at: `node temp/bench/stages.js`, after the build of bench.
 */
import { execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { FaultInjector, type FaultSettings } from 'xdpkit/faults';
import { Counters, Forwarder, type PacketCallback, PipelineMemory, Stages, warmUp } from 'xdpkit/pipeline';
import { TapQueue } from 'xdpkit/tap';
import { TwinQueue, Umem } from 'xdpkit/xsk';

const PORTS = [0, 1];
/** As a bridge has them. */
const RING = 2048;
const BATCH = 64;
const HOLD = 4096;
const IDLE = 20_000_000;
const SAMPLES = 2000;
/** Rounds of a sample: in so many of them each fill ring is filled up several times. */
const ROUNDS = 16;
/** 8 senders: one of them is tapped, another one dropped. */
const SENDERS = 8;
const senderOf = (i: number) => `02:00:00:00:00:0${i}`;
/** 60 bytes each, in runs of eight from one sender. */
const PACKETS = Array.from({ length: 8 * SENDERS }, (_, i) => {
  const packet = new Uint8Array(60);
  packet.set([2, 0, 0, 0, 1, i & 7, 2, 0, 0, 0, 0, i >> 3, 8, 0, 0x45]);
  return packet;
});

/** All of IXDP's faults, so often each. */
const ixdp = (percent: number): Partial<FaultSettings> => ({
  dropProbability: 10 * percent,
  corruptProbability: 10 * percent,
  growProbability: 10 * percent,
  shrinkProbability: 10 * percent,
  bitflipProbability: 1000 * percent,
  duplicateProbability: 1000 * percent,
});

interface Case {
  /** No pipeline at all: what came in on one socket goes out on the other one. */
  readonly bare?: true;
  readonly settings?: 'statistics'[];
  readonly tap?: 'all' | 'one sender';
  readonly drops?: true;
  readonly faults?: Partial<FaultSettings>;
  readonly callback?: true;
}

const EVERYTHING: Case = { settings: ['statistics'], tap: 'one sender', drops: true, callback: true };

/** What is on, by what it is called; each is measured alone, in a pipeline that was idle before. */
const CASES: Readonly<Record<string, Case>> = {
  'no pipeline': { bare: true },
  idle: {},
  statistics: { settings: ['statistics'] },
  callback: { callback: true },
  'statistics, callback': { settings: ['statistics'], callback: true },
  'drop set': { drops: true },
  'both taps, one sender of 8': { tap: 'one sender' },
  'both taps, all packets': { tap: 'all' },
  'faults of IXDP, 1 % each': { faults: ixdp(1) },
  'delay 0.2 ms': { faults: { delay: 200 } },
  'everything on, faults 0.1 % each': { ...EVERYTHING, faults: ixdp(0.1) },
  'everything on, faults 1 % each': { ...EVERYTHING, faults: ixdp(1) },
  'everything on, all packets tapped': { ...EVERYTHING, tap: 'all', faults: ixdp(1) },
};

/** Nanoseconds a packet, by what is on. Each in a process of its own: what V8 learns of one case would help or hinder the next. */
export function measureStages(idle: number = IDLE, samples: number = SAMPLES): Record<string, number> {
  const measure = (name: string) => {
    const words = [fileURLToPath(import.meta.url), name, String(idle), String(samples)];
    return Number(execFileSync(process.execPath, words, { encoding: 'utf8' }));
  };
  return Object.fromEntries(Object.keys(CASES).map((name) => [name, measure(name)]));
}

function run(what: Case, idle: number, samples: number): number {
  const { bare, settings = [], tap: tapped, drops, faults, callback } = what;
  warmUp(BATCH, { frameSize: 2048, fragments: false });
  using umem = new Umem({ frames: RING * 6 + 2 * BATCH + HOLD });
  using tap = TapQueue.inMemory({ interfaces: ['near0', 'near1'] });
  const queues = PORTS.map(() => new TwinQueue({ umem, size: RING }));
  // The forwarder shall not call its twin to transmit: that is done between the measured turns.
  for (const { socket } of queues) socket.tx?.setNeedsWakeup(false);
  const counters = new Counters(PORTS.length, 0);
  const memory = PipelineMemory.create(PORTS.length, PORTS.length);
  const cross: PacketCallback = (_packet, ingress) => 1 - ingress;
  const make = (callback: PacketCallback | undefined, ring: number) => {
    const stages = new Stages({
      umem,
      memory,
      sockets: PORTS.map((port) => ({ port, queue: 0, queues: 1, number: port })),
      holdMemory: FaultInjector.holdMemory(HOLD),
      tap: tap.producer(ring, umem.arena),
    });
    const sockets = queues.map(({ socket }, port) => {
      return { socket, port, row: counters.socketRow(port), partialChecksums: false };
    });
    return new Forwarder({ umem, sockets, counters: counters.slots, batch: BATCH, callback, stages });
  };
  let forwarder = make(undefined, 0);
  const pass = () => {
    for (const [port, { socket }] of queues.entries()) {
      const out = queues[1 - port]!.socket;
      socket.passTo(out, BATCH);
      if (socket.rings.recycle(out.rings, BATCH) === 0) socket.rings.refill(RING);
    }
  };
  let received = 0;
  let time = 0;
  /** A batch on each port, written into its frames as the kernel does: so far as packets are in the cache there, they are here. */
  const round = () => {
    for (const queue of queues) {
      while (queue.takeTransmitted() < 0);
      for (let i = 0; i < BATCH; i++) queue.deliver(PACKETS[received++ % PACKETS.length]!);
    }
    tap.discard();
    const start = performance.now();
    if (bare) pass();
    else forwarder.turn();
    time += performance.now() - start;
  };
  while (received < idle) round();

  for (const name of settings) memory.settings.set(name, 1);
  if (drops) memory.drops.insert(senderOf(7));
  if (tapped === 'one sender') memory.taps.insert(senderOf(3));
  for (const port of PORTS) {
    if (tapped !== undefined) memory.settings.change({ rxTap: 1, txTap: 1 }, port);
    if (faults !== undefined) memory.faults.change({ enabled: 1, ...faults }, port);
  }
  if (callback) forwarder = make(cross, 0);
  const times: number[] = [];
  for (let i = 0; i < samples; i++) {
    time = 0;
    for (let n = 0; n < ROUNDS; n++) round();
    // Packets that are held come out of rounds that they did not come in by.
    times.push((time * 1e6) / (ROUNDS * BATCH * PORTS.length));
  }
  times.sort((a, b) => a - b);
  // Not the median: others use the machine as well.
  return times[Math.floor(samples / 10)]!;
}

if (process.argv[1]?.endsWith('stages.js')) {
  const [name, idle = IDLE, samples = SAMPLES] = process.argv.slice(2);
  if (name !== undefined) console.log(run(CASES[name]!, Number(idle), Number(samples)));
  else for (const [each, ns] of Object.entries(measureStages())) console.log(`${each.padEnd(36)} ${ns.toFixed(1)} ns`);
}
