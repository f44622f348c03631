import { Counters, Forwarder } from 'xdpkit/pipeline';
import { TapQueue } from 'xdpkit/tap';
import { TwinQueue, Umem } from 'xdpkit/xsk';
import { median } from './pairs.js';

const RING = 2048;
const ROUNDS = 2000;

/** What our own code takes for a packet, in nanoseconds, on in-memory queues: nothing of the kernel's or the twin's work. */
export interface MemoryResult {
  readonly bridge: number;
  readonly callback: number;
  readonly checksums: number;
  /** Copying a packet of 64 bytes into the tap. */
  readonly tap: number;
}

export function measureMemory(rounds = ROUNDS): MemoryResult {
  return {
    bridge: run(rounds, {}),
    callback: run(rounds, { callback: (_packet: unknown, ingress: number) => 1 - ingress }),
    checksums: run(rounds, { partialChecksums: true }),
    tap: measureTap(rounds),
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

/** A batch of 256 packets at a time, as long as the tap has room; then a new tap. */
function measureTap(rounds: number): number {
  const packets = new Uint8Array(new SharedArrayBuffer(RING * 2048));
  const times: number[] = [];
  while (times.length < rounds) {
    using tap = TapQueue.inMemory({ bytes: 1 << 20, snapLength: 2048, interfaces: ['near0'] });
    const producer = tap.producer(0);
    while (producer.lost === 0 && times.length < rounds) {
      const start = process.hrtime.bigint();
      for (let i = 0; i < 256; i++) producer.write(packets, i * 2048 + 256, 64, 0, 1, 1_700_000_000, i);
      producer.publish();
      const end = process.hrtime.bigint();
      if (producer.lost === 0) times.push(Number(end - start) / 256);
    }
  }
  return median(times.slice(times.length >> 1));
}
