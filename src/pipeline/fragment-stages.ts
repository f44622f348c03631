import type { ChecksumMemory } from '../wire/index.js';
import type { Batch, Packet } from '../xsk/index.js';
import { egressOf, type PacketCallback } from './callback.js';
import { Drop } from './counters.js';
import type { Member } from './forwarder-member.js';
import { FragmentChecksums } from './fragment-checksums.js';

/**
 * The stages of a batch whose packets may lie in several fragments. They go from packet to packet; those for plain packets
 * go from frame to frame, and are faster alone.
 */
export class FragmentStages {
  readonly #batch: Batch;
  readonly #packet: Packet;
  readonly #checksums: ChecksumMemory;
  readonly #fragmentChecksums: FragmentChecksums;

  constructor(batch: Batch, packet: Packet, checksums: ChecksumMemory) {
    this.#batch = batch;
    this.#packet = packet;
    this.#checksums = checksums;
    this.#fragmentChecksums = new FragmentChecksums(checksums);
  }

  /** @returns how many checksums it completed */
  completeChecksums(): number {
    const batch = this.#batch;
    const { addresses, lengths, count } = batch;
    let completed = 0;
    for (let first = 0, end = 0; first < count; first = end) {
      end = batch.endOf(first);
      const done =
        end === first + 1
          ? this.#checksums.complete(addresses[first]!, lengths[first]!)
          : this.#fragmentChecksums.complete(batch, first, end);
      if (done) completed++;
    }
    return completed;
  }

  /**
   * Says of all frames where they go: where the callback says, or without one to the opposite port. A packet of more fragments
   * than can be sent there is dropped here, before the kernel tears it.
   */
  chooseEgress(member: Member, callback: PacketCallback | undefined): void {
    const batch = this.#batch;
    const { egress, count } = batch;
    for (let first = 0, end = 0; first < count; first = end) {
      end = batch.endOf(first);
      let port = callback === undefined ? member.opposite : this.#ask(callback, first, end);
      const most = member.egress[port]?.socket.maxFragments;
      if (most !== undefined && end - first > most) port = Drop.tooManyFragments;
      for (let i = first; i < end; i++) egress[i] = port;
    }
  }

  #ask(callback: PacketCallback, first: number, end: number): number {
    this.#packet.moveTo(first, end - first);
    try {
      return egressOf(callback(this.#packet, this.#batch.ingress, this.#batch.queue));
    } catch {
      return Drop.callbackError;
    }
  }
}
