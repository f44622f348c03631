import { XdpError } from '../sys/index.js';

/** Who may touch a frame. It is exactly one of these at any time. */
export const FrameOwner = {
  free: 0,
  fill: 1,
  /** Received: the application's until it transmits it, gives it back or holds it. */
  application: 2,
  /** Kept for later by a stage (delay, reordering, rate). */
  held: 3,
  /** In a TX ring or on the wire, until the completion ring returns it. */
  tx: 4,
} as const;
export type FrameOwner = (typeof FrameOwner)[keyof typeof FrameOwner];

const NAMES = Object.keys(FrameOwner) as (keyof typeof FrameOwner)[];

/**
 * Who owns each frame of a UMEM, checked at every hand-over. Costs a few nanoseconds a packet: for tests, and for
 * whoever hunts a leak.
 */
export class FrameLedger {
  readonly memory: SharedArrayBuffer;
  readonly #owner: Uint8Array;
  readonly #frameSize: number;
  readonly #counts: Uint32Array;

  /** All frames begin free. @param memory a ledger's that another thread has left */
  constructor(frames: number, frameSize: number, memory?: SharedArrayBuffer) {
    const head = NAMES.length * Uint32Array.BYTES_PER_ELEMENT;
    this.memory = memory ?? new SharedArrayBuffer(head + frames);
    this.#counts = new Uint32Array(this.memory, 0, NAMES.length);
    this.#owner = new Uint8Array(this.memory, head, frames);
    this.#frameSize = frameSize;
    if (memory === undefined) this.#counts[FrameOwner.free] = frames;
  }

  /** @throws XDP_ERR_FRAME_OWNER when `from` does not own the frame */
  move(address: number, from: FrameOwner, to: FrameOwner): void {
    const frame = Math.floor(address / this.#frameSize);
    const owner = this.#owner[frame];
    if (owner !== from) {
      const is = owner === undefined ? 'outside the UMEM' : `owned by ${NAMES[owner]}`;
      throw new XdpError(
        'XDP_ERR_FRAME_OWNER',
        `frame ${frame} is ${is}, so ${NAMES[from]} can't give it to ${NAMES[to]}`,
      );
    }
    this.#owner[frame] = to;
    this.#counts[from]!--;
    this.#counts[to]!++;
  }

  /** The same for `count` addresses from `addresses[first]` on. */
  moveAll(addresses: Uint32Array, first: number, count: number, from: FrameOwner, to: FrameOwner): void {
    for (let i = 0; i < count; i++) this.move(addresses[first + i]!, from, to);
  }

  /** Says that a frame has another owner, whoever it was: of a frame whose thread died, nobody knows how far that came. */
  adopt(address: number, to: FrameOwner): void {
    const frame = Math.floor(address / this.#frameSize);
    this.move(address, this.#owner[frame] as FrameOwner, to);
  }

  /** How many frames each owner has. */
  counts(): Record<keyof typeof FrameOwner, number> {
    return Object.fromEntries(NAMES.map((name) => [name, this.#counts[FrameOwner[name]]])) as Record<
      keyof typeof FrameOwner,
      number
    >;
  }
}
