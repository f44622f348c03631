import { FAULT_SETTINGS, FaultInjector, type FaultSettings } from '../faults/index.js';
import { TapQueue } from '../tap/index.js';
import { TwinQueue, Umem } from '../xsk/index.js';
import { Counters } from './counters.js';
import { Forwarder } from './forwarder.js';
import { PipelineMemory } from './pipeline-memory.js';
import { Stages } from './stages.js';

const PORTS = [0, 1];
const RING = 256;
/** Packets through each of the states below by each of the ways. */
const PACKETS = 6000;
/** Turns without a packet: some are spent waiting for packets that are held. */
const STALLED = 100_000;
const TAP_BYTES = 1 << 20;
/** Some of the packets are from or to these. */
const SOME = ['02:00:00:00:00:01', '02:00:00:00:00:09'] as const;

const LOSSES: Partial<FaultSettings> = { dropProbability: 20, gilbertP: 2000, gilbertR: 30_000 };
const DAMAGE: Partial<FaultSettings> = {
  corruptProbability: 20,
  corruptAmount: 3,
  bitflipProbability: 2000,
  growProbability: 20,
  shrinkProbability: 20,
};
const COPIES: Partial<FaultSettings> = { duplicateProbability: 2000 };
const DELAYS: Partial<FaultSettings> = {
  delay: 100,
  jitter: 50,
  distribution: 1,
  reorderProbability: 2000,
  rate: 1e11,
};

/** What is switched on, one after the other: alone first, then together. */
const STATES: readonly ((memory: PipelineMemory) => void)[] = [
  () => {},
  ({ settings }) => settings.set('statistics', 1),
  (memory) => switchTaps(memory),
  (memory) => {
    switchTaps(memory);
    memory.taps.insert(SOME[1]);
  },
  ({ drops }) => drops.insert(SOME[0]),
  (memory) => inject(memory, LOSSES),
  (memory) => inject(memory, { ...DAMAGE, mendChecksums: 1 }),
  (memory) => inject(memory, COPIES),
  (memory) => inject(memory, { delay: 100 }),
  (memory) => inject(memory, DELAYS),
  (memory) => {
    memory.settings.set('statistics', 1);
    switchTaps(memory);
    memory.drops.insert(SOME[0]);
    memory.faultSources.insert(SOME[1]);
    inject(memory, { ...LOSSES, ...DAMAGE, ...COPIES, ...DELAYS });
  },
];

/**
 * Runs packets through a forwarder on in-memory queues, with each stage on and off, until V8 has compiled them all. A stage that
 * is first used under load is compiled with less known about it, and stays slower. Takes 100 to 500 ms.
 *
 * @param like the UMEM to come: stages and rings have loops of their own for each kind
 */
export function warmUp(batch: number, like: Pick<Umem, 'frameSize' | 'fragments'>): void {
  const { frameSize, fragments } = like;
  using umem = new Umem({ frames: RING * 5, frameSize, fragments });
  const queues = PORTS.map(() => new TwinQueue({ umem, size: RING }));
  const counters = new Counters(PORTS.length, 0);
  const memory = PipelineMemory.create(PORTS.length, PORTS.length);
  for (let frame = 0; frame < umem.frames; frame++) umem.bytes.set(packet(frame), frame * umem.frameSize + 256);
  // With a callback of ours, V8 would not build the application's own into the loop that calls it.
  const ways = [true, false];
  using tap = TapQueue.inMemory({ bytes: TAP_BYTES * ways.length, snapLength: 2 * frameSize, producers: ways.length });
  const forwarders = ways.map((partialChecksums, way) => {
    const stages = new Stages({
      umem,
      memory,
      sockets: PORTS.map((port) => ({ port, queue: 0, queues: 1, number: port })),
      holdMemory: FaultInjector.holdMemory(RING),
      tap: tap.producer(way, umem.arena),
    });
    const sockets = queues.map(({ socket }, port) => {
      return { socket, port, row: counters.socketRow(port), partialChecksums };
    });
    return new Forwarder({ umem, sockets, counters: counters.slots, batch, stages });
  });
  for (const switchOn of STATES) {
    switchOn(memory);
    for (const forwarder of forwarders) {
      for (let done = 0, idle = 0; done < PACKETS; ) {
        for (const queue of queues) {
          queue.deliverBlank(batch, 64);
          if (fragments) queue.deliverBlank(1, 2 * frameSize);
        }
        const count = forwarder.turn();
        tap.discard();
        done += count;
        idle = count > 0 ? 0 : idle + 1;
        if (idle > STALLED) throw new Error('the in-memory queues stalled');
      }
      forwarder.release();
      forwarder.sample();
    }
    switchOff(memory);
  }
}

function switchTaps({ settings }: PipelineMemory): void {
  for (const port of PORTS) settings.change({ rxTap: 1, txTap: 1 }, port);
}

function inject({ faults }: PipelineMemory, some: Partial<FaultSettings>): void {
  for (const port of PORTS) faults.change({ enabled: 1, ...some }, port);
}

function switchOff({ settings, faults, drops, taps, faultSources }: PipelineMemory): void {
  const initial = Object.entries(FAULT_SETTINGS).map(([name, setting]) => [name, setting.initial]);
  for (const port of PORTS) {
    settings.change({ statistics: 0, rxTap: 0, txTap: 0 }, port);
    faults.change(Object.fromEntries(initial) as FaultSettings, port);
  }
  for (const set of [drops, taps, faultSources]) set.reset();
}

/** UDP over IPv4, its checksum left to the hardware: 10.0.0.1:1 to 10.0.0.2:2, 22 bytes of payload. */
function packet(frame: number): Uint8Array {
  const ethernet = [2, 0, 0, 0, 0, frame & 255, 2, 0, 0, 0, 0, 9, 8, 0];
  const ip = [0x45, 0, 0, 50, 0, 0, 0, 0, 64, 17, 0, 0, 10, 0, 0, 1, 10, 0, 0, 2];
  // 0x0a00 + 0x0001 + 0x0a00 + 0x0002, the protocol 17 and the length 30: the sum of the pseudo-header.
  const udp = [0, 1, 0, 2, 0, 30, 0x14, 0x32];
  return new Uint8Array([...ethernet, ...ip, ...udp, ...new Array<number>(22).fill(frame & 255)]);
}
