import { ADDRESS_WORDS, QueueRings, ringCounts, ringInShared, sharedRing, type Umem } from '../../xsk/index.js';
import { type RingSizes, returnSize } from './ring-sizes.js';

/**
 * Two rings in shared memory between the keeper of a queue and one backend. To a backend the keeper is what the kernel is
 * to a sole owner: it gives frames into one ring, and has free ones out of the other.
 */
export interface LanePlace {
  /** Frames from the backend: packets it is done with. */
  readonly returned: SharedArrayBuffer;
  /** Frames to the backend, to send with: the keeper fills it up with what the kernel has sent, whoever sent it. */
  readonly free: SharedArrayBuffer;
}

export function openLane(sizes: RingSizes): LanePlace {
  return { returned: sharedRing(returnSize(sizes), ADDRESS_WORDS), free: sharedRing(sizes.tx, ADDRESS_WORDS) };
}

/** The backend's end. @param counts of frames that it returned, received, sent and was given */
export function backendEnd(lane: LanePlace, umem: Umem, counts: SharedArrayBuffer): QueueRings {
  return new QueueRings(umem, ring(lane.returned), ring(lane.free), counts);
}

/** The keeper's end: `refill` gives frames to the backend, `reap` takes those it has returned. */
export function keeperEnd(lane: LanePlace, umem: Umem): QueueRings {
  return new QueueRings(umem, ring(lane.free), ring(lane.returned), ringCounts());
}

const ring = (memory: SharedArrayBuffer) => ringInShared(memory, ADDRESS_WORDS);
