import { XdpError } from '../../sys/index.js';

/** Entries of the rings of one queue; each is a power of two. */
export interface RingSizes {
  /** Of each backend: packets that wait until it reads them. */
  readonly rx: number;
  /** Of each backend: packets that it has sent, and frames that it has at hand for sending. */
  readonly tx: number;
  /** Of the queue, for all backends: frames that the kernel may receive into before the keeper's next turn. */
  readonly fill: number;
  /** Of the queue, for all backends: frames on their way out. */
  readonly completion: number;
}

/** Sizes as far as somebody has chosen them. */
export type RingSizeChoice = { readonly [Ring in keyof RingSizes]?: RingSizes[Ring] | undefined };

export const DEFAULT_RING_SIZES: RingSizes = { rx: 1024, tx: 256, fill: 2048, completion: 1024 };

/** Packets that a backend takes in, or sends, at a time. */
export const BATCH = 64;

/** Batches that a backend may have in its hands: one received, one to send, and frames it has taken or not returned yet. */
const BATCHES_IN_HAND = 4;

/** Frames that one backend can keep from a queue, whatever it does or leaves undone. */
function mostHeld({ rx, tx }: RingSizes): number {
  // In its RX ring, in its TX ring, in its ring of free ones, and in its hands.
  return rx + 2 * tx + BATCHES_IN_HAND * BATCH;
}

/**
 * Frames that a queue needs so that backends that stop, all of them at once even, don't keep one from the others: each can
 * hold what {@link mostHeld} says, and there is enough beside for a full fill ring and a full completion ring.
 */
export function framesFor(sizes: RingSizes, slots: number): number {
  return sizes.fill + sizes.completion + slots * mostHeld(sizes);
}

/**
 * Entries of the ring by which a backend returns frames, so that it is never full: between two turns of the keeper no more
 * frames come to a backend than it holds and the fill ring has.
 */
export function returnSize(sizes: RingSizes): number {
  return 2 ** Math.ceil(Math.log2(sizes.fill + mostHeld(sizes)));
}

/** @throws XDP_ERR_USAGE for a size that no ring has */
export function ringSizes(choice: RingSizeChoice = {}): RingSizes {
  const { rx, tx, fill, completion } = DEFAULT_RING_SIZES;
  const sizes: RingSizes = {
    rx: choice.rx ?? rx,
    tx: choice.tx ?? tx,
    fill: choice.fill ?? fill,
    completion: choice.completion ?? completion,
  };
  for (const [name, size] of Object.entries(sizes)) {
    const least = name === 'tx' ? 32 : 64;
    const fits = Number.isInteger(size) && (size & (size - 1)) === 0 && size >= least && size <= 32_768;
    if (!fits) throw usage(`the ${name} ring has a power of two from ${least} to 32768, not ${size}`);
  }
  if (sizes.fill < 2 * sizes.rx) {
    throw usage(`the fill ring (${sizes.fill}) has to be twice as large as an RX ring (${sizes.rx}), or larger`);
  }
  return sizes;
}

function usage(message: string): XdpError {
  return new XdpError('XDP_ERR_USAGE', message);
}
