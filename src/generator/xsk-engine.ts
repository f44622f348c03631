import { withNamespace, XdpError } from '../sys/index.js';
import { ETHERNET_HEADER, VLAN_TAG } from '../wire/index.js';
import { BoundSocket, Umem } from '../xsk/index.js';
import { planFrames } from './frame-plan.js';
import type { EngineOptions, SendEngine, SendPlan, XskPlan } from './send-plan.js';
import { usage } from './usage.js';

/** Entries of each ring, and frames of each sender: what is free always fits into the TX ring. */
const RING = 2048;
/** No frame is received; but a socket needs a fill ring. */
const FILL_RING = 64;
const FRAME_SIZES = [2048, 4096] as const;

/** Sockets and packet memory of the senders, each on a TX queue of its own. Synchronous. */
export class XskEngine implements SendEngine {
  readonly worker = './xsk-worker.js';
  readonly plans: readonly XskPlan[];
  readonly zeroCopy: boolean;
  readonly #owned: { close(): void }[] = [];

  /** @throws XDP_ERR_USAGE for frames that are too long; as {@link BoundSocket.open} */
  constructor(options: EngineOptions) {
    const { link, senders, traffic } = options;
    if (senders.length > link.txQueues) {
      throw new XdpError(
        'XDP_ERR_NO_QUEUE',
        `${senders.length} workers need as many TX queues; ${link.name} has ${link.txQueues}`,
        {
          advice: `fewer workers, or more queues: ethtool -L ${link.name} tx ${senders.length}`,
        },
      );
    }
    const longest = longestFrame(options);
    const frameSize = FRAME_SIZES.find((size) => longest <= size) ?? FRAME_SIZES[1];
    try {
      this.plans = senders.map((sender): XskPlan => {
        const umem = this.#own(new Umem({ frames: RING, frameSize }));
        const socket = this.#own(open(umem, sender, options));
        return { ...sender, frames: traffic.frames, socket: socket.place, umem: umem.place, longest };
      });
    } catch (error) {
      this.close();
      throw error;
    }
    this.zeroCopy = this.plans.every(({ socket }) => socket.zeroCopy);
  }

  close(): void {
    for (const owned of this.#owned.splice(0).toReversed()) owned.close();
  }

  #own<T extends { close(): void }>(owned: T): T {
    this.#owned.push(owned);
    return owned;
  }
}

function open(umem: Umem, { worker }: SendPlan, { link, netns, zeroCopy }: EngineOptions): BoundSocket {
  const sizes = { rxSize: 0, txSize: RING, fillSize: FILL_RING, completionSize: RING };
  const run = () => BoundSocket.open({ umem, interface: link, queue: worker, zeroCopy, ...sizes });
  return netns === undefined ? run() : withNamespace<BoundSocket>(netns, run);
}

/** Bytes of the longest frame that will be sent. */
function longestFrame({ link, traffic }: EngineOptions): number {
  const { frames } = traffic;
  const tags = frames.kind === 'described' ? frames.fields.vlanPriorities.length : 2;
  const limit = Math.min(link.mtu + ETHERNET_HEADER + tags * VLAN_TAG, FRAME_SIZES[1]);
  if (frames.kind === 'replayed') return limit;
  const longest = Math.max(...planFrames(frames.fields).templates.map(({ length }) => length));
  if (longest <= limit) return longest;
  throw usage(
    `frames of ${longest} bytes are too long for ${link.name}, whose MTU is ${link.mtu}`,
    `they have up to ${limit} bytes`,
  );
}
