import { calls } from '../sys/index.js';
import * as abi from './abi.js';
import { BoundSocket, type RingPlace, type SocketPlace } from './bound-socket.js';
import type { BoundSocketOptions } from './bound-socket-options.js';
import { QueueRings } from './queue-rings.js';
import { type RingMemory, wordsOf } from './ring.js';
import { ringLoops } from './ring-loops.js';
import type { Umem } from './umem.js';
import { type RingPeer, XskSocket, type XskStatistics } from './xsk-socket.js';

export interface XskSocketOptions extends Omit<BoundSocketOptions, 'besideFd'> {
  /** The first socket of this queue, whose fill and completion ring this one shall use too. */
  readonly beside?: XskSocket | undefined;
}

const MSG_DONTWAIT = 0x40;

/**
 * Opens an AF_XDP socket for this thread and binds it to a queue. Synchronous: it may wait `patience` for the queue. Needs
 * CAP_NET_RAW; Linux 5.10 or later (Documentation/networking/af_xdp.rst).
 *
 * @throws as {@link BoundSocket.open}
 */
export function openXskSocket(options: XskSocketOptions): XskSocket {
  const { umem, beside } = options;
  const bound = BoundSocket.open({ ...options, besideFd: beside?.fd });
  const peer = kernelPeer(
    () => bound.fd,
    () => bound.close(),
  );
  return join(bound.place, umem, peer, beside?.rings);
}

/**
 * The socket that another thread has opened, for this one to use alone. To close it does nothing: its owner closes it, when
 * this thread has ended.
 *
 * @param umem the same UMEM, by its place
 * @param rings where its frames come from and go to, when its queue's fill and completion ring belong to another thread
 */
export function joinXskSocket(place: SocketPlace, umem: Umem, rings?: QueueRings): XskSocket {
  const peer = kernelPeer(
    () => place.fd,
    () => {},
  );
  return join(place, umem, peer, rings);
}

function join(place: SocketPlace, umem: Umem, peer: RingPeer, shared?: QueueRings): XskSocket {
  const loops = ringLoops(umem.arena.memory);
  const memory = (ring: RingPlace): RingMemory => ({ ...ring, loops, words: wordsOf(ring.bytes) });
  const { rx, tx, fill, completion, counts, ...rest } = place;
  const rings = shared ?? new QueueRings(umem, memory(fill!), memory(completion!), counts);
  return new XskSocket({ ...rest, rings, rx: rx && memory(rx), tx: tx && memory(tx), peer });
}

/** @param fdOf throws when the socket is closed: the number may be another file's by then */
function kernelPeer(fdOf: () => number, close: () => void): RingPeer {
  return {
    get fd() {
      return fdOf();
    },
    kick: () => calls.kick(fdOf()),
    lastError: calls.lastError,
    wakeRx: () => calls.recvfrom(fdOf(), null, MSG_DONTWAIT),
    statistics: () => readXskStatistics(fdOf()),
    close,
  };
}

/** What the kernel counts for a socket, by its descriptor. */
export function readXskStatistics(fd: number): XskStatistics {
  const counters = new BigUint64Array(6);
  calls.getsockopt(fd, abi.SOL_XDP, abi.XDP_STATISTICS, counters);
  const [dropped, rxInvalid, txInvalid, ringFull, fillEmpty, txEmpty] = Array.from(counters, Number);
  return {
    rxDropped: dropped!,
    rxInvalidDescriptors: rxInvalid!,
    txInvalidDescriptors: txInvalid!,
    rxRingFull: ringFull!,
    rxFillRingEmpty: fillEmpty!,
    txRingEmpty: txEmpty!,
  };
}
