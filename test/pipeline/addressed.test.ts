import fc from 'fast-check';
import { expect, test } from 'vitest';
import { FaultInjector } from '../../dist/faults/index.js';
import { Drop } from '../../dist/pipeline/counters.js';
import { Counters, Forwarder, PipelineMemory, Stages } from '../../dist/pipeline/index.js';
import { TapDirection, TapQueue, TapReader } from '../../dist/tap/index.js';
import { TwinQueue, Umem } from '../../dist/xsk/index.js';
import { tapName } from '../tap/tap-bed.js';

const PORTS = [0, 1];
const RING = 64;
/** Some of them differ in their first bytes only. */
const MACS = [
  '02:00:00:00:00:01',
  '04:00:00:00:00:01',
  '02:00:00:00:00:02',
  '02:00:00:00:01:02',
  'ff:ff:ff:ff:ff:ff',
  '02:00:00:00:00:07',
];
const bytesOf = (mac: string) => mac.split(':').map((byte) => Number.parseInt(byte, 16));
const mac = fc.nat(MACS.length - 1);
const set = fc.uniqueArray(mac, { maxLength: 3 });

interface Plan {
  readonly destination: number;
  readonly source: number;
  /** What the callback makes of them. */
  readonly newDestination: number;
  readonly newSource: number;
}
const plan: fc.Arbitrary<Plan> = fc.record({ destination: mac, source: mac, newDestination: mac, newSource: mac });

test.each([
  ['each in a frame', 1500],
  ['some in several frames', 5000],
])('taps, drop set and faults go by the addresses that a packet has then, %s', (_how, longest) => {
  const fragments = longest > 2048;
  using umem = new Umem({ frames: 6 * RING, fragments });
  using tap = TapQueue.create({ name: tapName(), interfaces: ['a', 'b'], snapLength: 64 });
  using reader = TapReader.open(tap.name);
  const memory = PipelineMemory.create(PORTS.length, PORTS.length);
  const counters = new Counters(PORTS.length, 0);
  const sent: number[] = [];
  const queues = PORTS.map(() => {
    return new TwinQueue({ umem, size: RING, onTransmit: (bytes) => sent.push(bytes[20]! | (bytes[21]! << 8)) });
  });
  const stages = new Stages({
    umem,
    memory,
    sockets: PORTS.map((port) => ({ port, queue: 0, queues: 1, number: port })),
    holdMemory: FaultInjector.holdMemory(RING),
    tap: tap.producer(0, umem.arena),
  });
  let plans: Plan[] = [];
  const sockets = queues.map(({ socket }, port) => {
    return { socket, port, row: counters.socketRow(port), partialChecksums: false };
  });
  const forwarder = new Forwarder({
    umem,
    sockets,
    counters: counters.slots,
    batch: 64,
    stages,
    callback(packet, ingress) {
      const { destination, source, newDestination, newSource } = plans[packet.u8(20) | (packet.u8(21) << 8)]!;
      const write = (at: number, number: number) => {
        for (const [i, byte] of bytesOf(MACS[number]!).entries()) packet.setU8(at + i, byte);
      };
      if (newDestination !== destination) write(0, newDestination);
      if (newSource !== source) write(6, newSource);
      return 1 - ingress;
    },
  });
  for (const port of PORTS) {
    memory.settings.change({ rxTap: 1, txTap: 1 }, port);
    memory.faults.change({ enabled: 1, dropProbability: 1000 }, port);
  }
  forwarder.turn();
  fc.assert(
    fc.property(fc.array(plan, { maxLength: 20 }), set, set, set, set, (list, drops, taps, sources, destinations) => {
      const { drops: dropSet, taps: tapSet, faultSources, faultDestinations } = memory;
      for (const [set, members] of [
        [dropSet, drops],
        [tapSet, taps],
        [faultSources, sources],
        [faultDestinations, destinations],
      ] as const) {
        set.reset();
        for (const member of members) set.insert(MACS[member]!);
      }
      plans = list;
      sent.length = 0;
      const expected: string[] = [];
      const left: number[] = [];
      for (const [number, { destination, source, newDestination, newSource }] of list.entries()) {
        const length = number % 3 === 0 ? longest : 60;
        const packet = new Uint8Array(length);
        packet.set([...bytesOf(MACS[destination]!), ...bytesOf(MACS[source]!)]);
        packet.set([number & 255, number >> 8], 20);
        expect(queues[0]!.deliver(packet)).toBe(true);
        const isTapped = (...addresses: number[]) => taps.length === 0 || addresses.some((each) => taps.includes(each));
        if (isTapped(destination, source)) expected.push(`${number} in ${length} 0`);
        let reason = 0;
        if (drops.includes(newSource) || drops.includes(newDestination)) reason = Drop.dropSet;
        else if (
          (sources.length === 0 || sources.includes(newSource)) &&
          (destinations.length === 0 || destinations.includes(newDestination))
        ) {
          reason = Drop.faultDrop;
        }
        if (reason === 0) left.push(number);
        if (!isTapped(newDestination, newSource)) continue;
        expected.push(reason === 0 ? `${number} out ${length} 0` : `${number} in ${length} ${-reason}`);
      }
      while (forwarder.turn() > 0);
      for (const queue of queues) queue.takeTransmitted();
      forwarder.turn();
      expect(sent).toEqual(left);
      const found: string[] = [];
      while (reader.claim()) {
        while (reader.next()) {
          const { bytes, offset, direction, originalLength, drop } = reader.record;
          const way = direction === TapDirection.in ? 'in' : 'out';
          found.push(`${bytes[offset + 20]! | (bytes[offset + 21]! << 8)} ${way} ${originalLength} ${drop}`);
        }
        reader.release();
      }
      expect(found.sort()).toEqual(expected.sort());
    }),
    { numRuns: 300 },
  );
});
