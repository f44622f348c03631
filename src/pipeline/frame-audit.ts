import { findFrames, type Umem, type XskSocket } from '../xsk/index.js';

/** Where every frame of a UMEM is, found by looking at each place rather than by counting on the way. */
export interface FrameAudit {
  readonly frames: number;
  readonly free: number;
  /** In fill rings, RX rings, TX rings and completion rings. */
  readonly inRings: number;
  /** With the kernel, by our count: taken from a fill or TX ring, and not yet returned. */
  readonly inKernel: number;
  /** Frames found in two places at once, or outside the UMEM. */
  readonly duplicated: number;
  /** Frames that are nowhere. */
  readonly lost: number;
}

/** Looks for every frame. The sockets must be at rest: no traffic, and no other thread at their rings. */
export function auditFrames(umem: Umem, sockets: readonly XskSocket[]): FrameAudit {
  const free = umem.pool.addresses();
  const rings = [...new Set(sockets.map((socket) => socket.rings))];
  const entries = [
    ...rings.flatMap(({ fill, completion }) => [fill.waiting(), completion.waiting()]),
    ...sockets.flatMap(({ rx, tx }) => [rx?.waiting() ?? [], tx?.waiting() ?? []]),
  ];
  const { found, duplicated } = findFrames(umem, [free, ...entries]);
  const inRings = entries.reduce((sum, { length }) => sum + length, 0);
  const expected = rings.reduce((sum, { inFill, inTx }) => sum + inFill + inTx, 0);
  const inKernel = Math.max(0, expected - inRings);
  return {
    frames: umem.frames,
    free: free.length,
    inRings,
    inKernel,
    duplicated,
    lost: umem.frames - found - inKernel,
  };
}
