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
/** Small, so that the frames stay in the cache: this measures our code, not the memory. */
const RING = 256;
const BATCH = 256;
const HOLD = 4096;
const IDLE = 20_000_000;
const ROUNDS = 20_000;
/** 8 senders: one of them is tapped, another one dropped. */
const SENDERS = 8;
const senderOf = (i: number) => `02:00:00:00:00:0${i}`;

const IXDP: Partial<FaultSettings> = {
  dropProbability: 10,
  corruptProbability: 10,
  growProbability: 10,
  shrinkProbability: 10,
  bitflipProbability: 1000,
  duplicateProbability: 1000,
};

interface Case {
  readonly settings?: 'statistics'[];
  readonly tap?: 'all' | 'one sender';
  readonly drops?: true;
  readonly faults?: Partial<FaultSettings>;
  readonly callback?: true;
}

/** What is on, by what it is called; each is measured alone, in a pipeline that was idle before. */
const CASES: Readonly<Record<string, Case>> = {
  idle: {},
  statistics: { settings: ['statistics'] },
  callback: { callback: true },
  'statistics, callback': { settings: ['statistics'], callback: true },
  'drop set': { drops: true },
  'both taps, one sender of 8': { tap: 'one sender' },
  'both taps, all packets': { tap: 'all' },
  'faults of IXDP, 1 % each': { faults: IXDP },
  'delay 0.2 ms': { faults: { delay: 200 } },
  'everything on': { settings: ['statistics'], tap: 'one sender', drops: true, faults: IXDP, callback: true },
  'everything on, all packets tapped': {
    settings: ['statistics'],
    tap: 'all',
    drops: true,
    faults: IXDP,
    callback: true,
  },
};

/** Nanoseconds a packet, by what is on. Each in a process of its own: what V8 learns of one case would help or hinder the next. */
export function measureStages(idle: number = IDLE, rounds: number = ROUNDS): Record<string, number> {
  const measure = (name: string) => {
    const words = [fileURLToPath(import.meta.url), name, String(idle), String(rounds)];
    return Number(execFileSync(process.execPath, words, { encoding: 'utf8' }));
  };
  return Object.fromEntries(Object.keys(CASES).map((name) => [name, measure(name)]));
}

function run({ settings = [], tap: tapped, drops, faults, callback }: Case, idle: number, rounds: number): number {
  warmUp(BATCH, { frameSize: 2048, fragments: false });
  using umem = new Umem({ frames: RING * 6 + 2 * BATCH + HOLD });
  using tap = TapQueue.inMemory({ interfaces: ['near0', 'near1'] });
  const queues = PORTS.map(() => new TwinQueue({ umem, size: RING }));
  // The forwarder shall not call its twin to transmit: that is done between the measured turns.
  for (const { socket } of queues) socket.tx?.setNeedsWakeup(false);
  const counters = new Counters(PORTS.length, 0);
  const memory = PipelineMemory.create(PORTS.length, PORTS.length);
  for (let frame = 0; frame < umem.frames; frame++) {
    const at = frame * umem.frameSize + 256;
    umem.bytes.set([2, 0, 0, 0, 1, frame & 7, 2, 0, 0, 0, 0, (frame >> 3) % SENDERS, 8, 0, 0x45], at);
  }
  const cross: PacketCallback = (_packet, ingress) => 1 - ingress;
  const make = (callback: PacketCallback | undefined, ring: number) => {
    const stages = new Stages({
      umem,
      memory,
      sockets: PORTS.map((port) => ({ port, queue: 0, queues: 1, number: port })),
      holdMemory: FaultInjector.holdMemory(HOLD),
      tap: tap.producer(ring),
    });
    const sockets = queues.map(({ socket }, port) => {
      return { socket, port, row: counters.socketRow(port), partialChecksums: false };
    });
    return new Forwarder({ umem, sockets, counters: counters.slots, batch: BATCH, callback, stages });
  };
  let forwarder = make(undefined, 0);
  /** One round: what fits into the rings. @returns nanoseconds and packets */
  const round = (): [bigint, number] => {
    for (const queue of queues) {
      while (queue.takeTransmitted() < 0);
      queue.deliverBlank(RING, 60);
    }
    tap.discard();
    // The turn that fills the fill rings counts too.
    const start = process.hrtime.bigint();
    let packets = 0;
    for (let count = forwarder.turn(); count > 0; count = forwarder.turn()) packets += count;
    return [process.hrtime.bigint() - start, packets];
  };
  round();
  for (let done = 0; done < idle; ) done += round()[1];

  for (const name of settings) memory.settings.set(name, 1);
  if (drops) memory.drops.insert(senderOf(7));
  if (tapped === 'one sender') memory.taps.insert(senderOf(3));
  for (const port of PORTS) {
    if (tapped !== undefined) memory.settings.change({ rxTap: 1, txTap: 1 }, port);
    if (faults !== undefined) memory.faults.change({ enabled: 1, ...faults }, port);
  }
  if (callback) forwarder = make(cross, 0);
  const times: number[] = [];
  for (let i = 0; i < rounds; i++) {
    const [time, packets] = round();
    // Held packets come out of rounds that they did not come in by.
    times.push(Number(time) / Math.max(packets, 2 * RING));
  }
  times.sort((a, b) => a - b);
  // Not the median: others use the machine as well.
  return times[Math.floor(rounds / 10)]!;
}

if (process.argv[1]?.endsWith('stages.js')) {
  const [name, idle = IDLE, rounds = ROUNDS] = process.argv.slice(2);
  if (name !== undefined) console.log(run(CASES[name]!, Number(idle), Number(rounds)));
  else for (const [each, ns] of Object.entries(measureStages())) console.log(`${each.padEnd(36)} ${ns.toFixed(1)} ns`);
}
