import type { Umem } from './umem.js';

/** What a search for frames came to. */
export interface FoundFrames {
  /** Different frames of this UMEM. */
  readonly found: number;
  /** Times that a frame was found once more, or an address was outside the UMEM. */
  readonly duplicated: number;
}

/** Looks which frames stand in the given places, each a list of addresses. For audits: it allocates. */
export function findFrames(umem: Pick<Umem, 'frames' | 'frameSize'>, places: Iterable<Iterable<number>>): FoundFrames {
  const seen = new Uint8Array(umem.frames);
  let found = 0;
  let duplicated = 0;
  for (const addresses of places) {
    for (const address of addresses) {
      const frame = Math.floor(address / umem.frameSize);
      if (frame >= umem.frames || seen[frame] !== 0) duplicated++;
      else {
        seen[frame] = 1;
        found++;
      }
    }
  }
  return { found, duplicated };
}
