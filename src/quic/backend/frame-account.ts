import { findFrames, type QueueRings, type Umem } from '../../xsk/index.js';

/** Where the frames of a queue were at the end, each looked for in its place. */
export interface FrameAccount {
  readonly frames: number;
  readonly free: number;
  /** In the fill and completion ring, and in the rings between keeper and backends. */
  readonly inRings: number;
  /** With the kernel, by count: taken out of the fill ring for packets that it then dropped, and kept for the next ones. */
  readonly inKernel: number;
  /** Frames found in two places at once. */
  readonly duplicated: number;
  /** Frames that are nowhere. */
  readonly lost: number;
}

/**
 * @param rings of the queue, and of the lanes' ends; no thread is at them any more, and the backends' sockets are closed
 * @param received frames that backends ever received; `sent`: that they ever sent
 */
export function accountFrames(
  umem: Umem,
  rings: QueueRings,
  lanes: readonly QueueRings[],
  { received, sent }: { readonly received: number; readonly sent: number },
): FrameAccount {
  const free = umem.pool.addresses();
  const kernelRings = [rings.fill.waiting(), rings.completion.waiting()];
  const places = [...kernelRings, ...lanes.flatMap(({ fill, completion }) => [fill.waiting(), completion.waiting()])];
  const { found, duplicated } = findFrames(umem, [free, ...places]);
  const [filling, completing] = kernelRings.map(({ length }) => length) as [number, number];
  const inKernel = rings.filled - received - filling + (sent - rings.completed - completing);
  return {
    frames: umem.frames,
    free: free.length,
    inRings: places.reduce((sum, { length }) => sum + length, 0),
    inKernel,
    duplicated,
    lost: umem.frames - found - inKernel,
  };
}
