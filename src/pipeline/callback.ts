import type { Batch, Packet } from '../xsk/index.js';
import { Drop } from './counters.js';

/**
 * What an application does with each packet: it may read and change it, and says which port it leaves by, or a negative
 * number to drop it. `packet` is moved on after the call; keep a `copy()`. A callback that throws drops its packet.
 *
 * @param ingress port that the packet came in by: the interface's place in the list the bridge was given
 * @param queue queue of that interface
 */
export type PacketCallback = (packet: Packet, ingress: number, queue: number) => number;

/** No bridge has this port. Larger numbers would become others in the batch's 32 bits. */
const NO_PORT = 0x7fff_ffff;

/** The egress that a callback's answer means. Neither undefined nor NaN is a port: JavaScript would take them for 0. */
export function egressOf(answer: number): number {
  return answer >= 0 ? Math.min(answer, NO_PORT) | 0 : answer < 0 ? Drop.callback : Drop.callbackError;
}

/** Asks a callback where each packet of a batch goes: one in which each frame is a packet. */
export function callForEach(callback: PacketCallback, packet: Packet, { count, ingress, queue, egress }: Batch): void {
  for (let i = 0; i < count; i++) {
    packet.moveTo(i);
    try {
      // What egressOf does: called here, it would take 2.5 ns more.
      const answer = callback(packet, ingress, queue);
      egress[i] = answer >= 0 ? Math.min(answer, NO_PORT) | 0 : answer < 0 ? Drop.callback : Drop.callbackError;
    } catch {
      egress[i] = Drop.callbackError;
    }
  }
}
