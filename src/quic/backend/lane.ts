import { ADDRESS_WORDS, QueueRings, ringAt, ringBytes, ringCounts, type Umem } from '../../xsk/index.js';
import { type RingSizes, returnSize } from './ring-sizes.js';

/**
 * Two rings in shared memory between the keeper of a queue and one backend. To a backend the keeper is what the kernel is
 * to a sole owner: it gives frames into one ring, and has free ones out of the other.
 */
export interface LanePlace {
  /** Frames from the backend: packets it is done with. */
  readonly returned: Uint8Array;
  /** Frames to the backend, to send with: the keeper fills it up with what the kernel has sent, whoever sent it. */
  readonly free: Uint8Array;
}

/** @param umem the queue's */
export function openLane({ arena }: Umem, sizes: RingSizes): LanePlace {
  return {
    returned: ringBytes(arena, returnSize(sizes), ADDRESS_WORDS),
    free: ringBytes(arena, sizes.tx, ADDRESS_WORDS),
  };
}

/** The backend's end. @param counts of frames that it returned, received, sent and was given */
export function backendEnd(lane: LanePlace, umem: Umem, counts: SharedArrayBuffer): QueueRings {
  return new QueueRings(umem, ring(umem, lane.returned), ring(umem, lane.free), counts);
}

/** The keeper's end: `refill` gives frames to the backend, `reap` takes those it has returned. */
export function keeperEnd(lane: LanePlace, umem: Umem): QueueRings {
  return new QueueRings(umem, ring(umem, lane.free), ring(umem, lane.returned), ringCounts());
}

const ring = ({ arena }: Umem, bytes: Uint8Array) => ringAt(arena, bytes, ADDRESS_WORDS);
