import { getLink } from '../netdev/index.js';
import { Umem, type ZeroCopy } from '../xsk/index.js';
import { fitsFrame } from './frame-fit.js';

/** How the packets of some interfaces are put into frames. */
export interface FrameChoice {
  /** Bytes. */
  readonly frameSize: number;
  /** Whether a packet may need several frames. */
  readonly fragments: boolean;
}

const SIZES = [2048, 4096];

/**
 * Drivers whose hardware counts the room of a frame in KiB (SRRCTL.BSIZEPKT): of the 1792 bytes that a frame of 2048 has,
 * they use 1024 in zero-copy mode, and lose what is longer.
 */
const WHOLE_KIBIBYTES: ReadonlySet<string> = new Set(['igb', 'igc']);

export interface FrameWishes {
  readonly netns?: string | undefined;
  readonly zeroCopy?: ZeroCopy | undefined;
  /** Bytes, where somebody has chosen them. */
  readonly frameSize?: number | undefined;
}

/**
 * The smallest frames that hold every packet, by the interfaces' MTU; where none do, packets come in several fragments, as few
 * as possible.
 *
 * @throws XDP_ERR_NO_INTERFACE
 */
export function chooseFrames(names: readonly string[], { netns, zeroCopy, frameSize }: FrameWishes): FrameChoice {
  const links = names.map((name) => getLink(name, { netns }));
  const mtu = Math.max(...links.map((link) => link.mtu));
  const coarse = zeroCopy !== 'off' && links.some(({ driver = '' }) => WHOLE_KIBIBYTES.has(driver));
  const usual = coarse ? SIZES.slice(-1) : SIZES;
  const sizes = frameSize === undefined ? usual : [frameSize];
  const fitting = sizes.find((size) => fitsFrame(mtu, Umem.capacityOf(size)));
  return { frameSize: fitting ?? sizes.at(-1)!, fragments: fitting === undefined };
}
