import { Counters, Forwarder } from 'xdpkit/pipeline';
import { TwinQueue, Umem } from 'xdpkit/xsk';
import { median } from './pairs.js';

const RING = 2048;
const ROUNDS = 2000;

/** What our own code takes for a packet, in nanoseconds, on in-memory queues: nothing of the kernel's or the twin's work. */
export interface MemoryResult {
  readonly bridge: number;
  readonly callback: number;
  readonly checksums: number;
}

export function measureMemory(rounds = ROUNDS): MemoryResult {
  return {
    bridge: run(rounds, {}),
    callback: run(rounds, { callback: (_packet: unknown, ingress: number) => 1 - ingress }),
    checksums: run(rounds, { partialChecksums: true }),
  };
}

function run(
  rounds: number,
  options: { callback?: (packet: unknown, ingress: number) => number; partialChecksums?: boolean },
): number {
  using umem = new Umem({ frames: RING * 4 + 128 });
  const queues = [0, 1].map(() => new TwinQueue({ umem, size: RING }));
  // The forwarder shall not call its twin to transmit: that is done between the measured turns.
  for (const { socket } of queues) socket.tx?.setNeedsWakeup(false);
  const counters = new Counters(2, 0);
  const forwarder = new Forwarder({
    umem,
    counters: counters.slots,
    batch: 256,
    callback: options.callback,
    sockets: queues.map(({ socket }, port) => {
      return { socket, port, row: counters.socketRow(port), partialChecksums: options.partialChecksums ?? false };
    }),
  });
  const times: number[] = [];
  for (let round = 0; round < rounds; round++) {
    // The turn that fills the fill rings counts too: it belongs to the packets of the round before.
    const start = process.hrtime.bigint();
    let packets = 0;
    for (let count = forwarder.turn(); count > 0; count = forwarder.turn()) packets += count;
    const end = process.hrtime.bigint();
    if (packets > 0) times.push(Number(end - start) / packets);
    for (const queue of queues) {
      while (queue.takeTransmitted() < 0);
      queue.deliverBlank(RING, 60);
    }
  }
  return median(times.slice(times.length >> 1));
}
