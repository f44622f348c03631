import { fitsFrame } from '../device/index.js';
import { getLink } from '../netdev/index.js';
import { Umem } from '../xsk/index.js';

/** How the packets of some interfaces are put into frames. */
export interface FrameChoice {
  /** Bytes. */
  readonly frameSize: number;
  /** Whether a packet may need several frames. */
  readonly fragments: boolean;
}

const SIZES = [2048, 4096];

/**
 * The smallest frames that hold every packet, by the interfaces' MTU; where none do, packets come in several fragments, as few
 * as possible.
 *
 * @param frameSize bytes, where somebody has chosen them
 * @throws XDP_ERR_NO_INTERFACE
 */
export function chooseFrames(names: readonly string[], netns: string | undefined, frameSize?: number): FrameChoice {
  const mtu = Math.max(...names.map((name) => getLink(name, { netns }).mtu));
  const sizes = frameSize === undefined ? SIZES : [frameSize];
  const fitting = sizes.find((size) => fitsFrame(mtu, Umem.capacityOf(size)));
  return { frameSize: fitting ?? sizes.at(-1)!, fragments: fitting === undefined };
}
