import { getLink } from '../netdev/index.js';
import type { ZeroCopy } from '../xsk/index.js';

/**
 * Drivers whose hardware counts the room of a frame in KiB (SRRCTL.BSIZEPKT): of the 1792 bytes that a frame of 2048 has,
 * they use 1024 in zero-copy mode, and lose what is longer.
 */
const WHOLE_KIBIBYTES: ReadonlySet<string> = new Set(['igb', 'igc']);

export interface FrameSizeOptions {
  readonly zeroCopy?: ZeroCopy | undefined;
  readonly netns?: string | undefined;
}

/** Bytes of a frame where nobody has said how many. @throws XDP_ERR_NO_INTERFACE */
export function usualFrameSize(interfaces: readonly string[], { zeroCopy, netns }: FrameSizeOptions): 2048 | 4096 {
  if (zeroCopy === 'off') return 2048;
  return interfaces.some((name) => WHOLE_KIBIBYTES.has(getLink(name, { netns }).driver ?? '')) ? 4096 : 2048;
}
