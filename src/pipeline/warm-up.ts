import { TwinQueue, Umem } from '../xsk/index.js';
import type { PacketCallback } from './callback.js';
import { Counters } from './counters.js';
import { Forwarder } from './forwarder.js';

const PACKETS = 200_000;
const RING = 256;

/**
 * Runs packets through a forwarder on in-memory queues until V8 has compiled every stage. A stage that is first used
 * under load is compiled with less known about it, and stays slower. Takes some 100 ms.
 *
 * @param like the UMEM to come: stages and rings have loops of their own for each kind
 */
export function warmUp(batch: number, like: Pick<Umem, 'frameSize' | 'fragments'>): void {
  const { frameSize, fragments } = like;
  using umem = new Umem({ frames: RING * 4, frameSize, fragments });
  const queues = [0, 1].map(() => new TwinQueue({ umem, size: RING }));
  const counters = new Counters(2, 0);
  const sockets = queues.map(({ socket }, port) => {
    return { socket, port, row: counters.socketRow(port), partialChecksums: true };
  });
  for (let frame = 0; frame < umem.frames; frame++) umem.bytes.set(packet(frame), frame * umem.frameSize + 256);
  const common = { umem, sockets, counters: counters.slots, batch };
  // Packets have to cross by both ways of choosing an egress, and to be dropped.
  const cross: PacketCallback = (packet, ingress) => (packet.u8(5) % 8 === 1 ? -1 : 1 - ingress);
  for (const forwarder of [new Forwarder(common), new Forwarder({ ...common, callback: cross })]) {
    for (let done = 0; done < PACKETS / 2; ) {
      for (const queue of queues) {
        queue.deliverBlank(batch, 64);
        if (fragments) queue.deliverBlank(1, 2 * frameSize);
      }
      done += forwarder.turn();
      if (forwarder.isStalled) throw new Error('the in-memory queues stalled');
    }
    forwarder.sample();
  }
}

/** UDP over IPv4, its checksum left to the hardware: 10.0.0.1:1 to 10.0.0.2:2, 22 bytes of payload. */
function packet(frame: number): Uint8Array {
  const ethernet = [2, 0, 0, 0, 0, frame & 255, 2, 0, 0, 0, 0, 9, 8, 0];
  const ip = [0x45, 0, 0, 50, 0, 0, 0, 0, 64, 17, 0, 0, 10, 0, 0, 1, 10, 0, 0, 2];
  // 0x0a00 + 0x0001 + 0x0a00 + 0x0002, the protocol 17 and the length 30: the sum of the pseudo-header.
  const udp = [0, 1, 0, 2, 0, 30, 0x14, 0x32];
  return new Uint8Array([...ethernet, ...ip, ...udp, ...new Array<number>(22).fill(frame & 255)]);
}
