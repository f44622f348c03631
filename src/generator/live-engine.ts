import { link } from '../ebpf/index.js';
import { BpfMap, MapFlag, XdpLink, XdpProgram } from '../kernel/index.js';
import {
  createLab,
  getLink,
  getXdpFeatures,
  type Lab,
  type Link,
  removeStaleLabs,
  type XdpFeatures,
} from '../netdev/index.js';
import { type Mapping, withNamespace, XdpError } from '../sys/index.js';
import { type FramePlan, planFrames } from './frame-plan.js';
import { liveProgram } from './live-program.js';
import { liveState } from './live-state.js';
import type { EngineOptions, LivePlan, SendEngine } from './send-plan.js';
import { usage } from './usage.js';

/** For each sender of live frames a program, its state, and a place where it is attached. Synchronous. */
export class LiveEngine implements SendEngine {
  readonly worker = './live-worker.js';
  readonly plans: readonly LivePlan[];
  readonly zeroCopy = undefined;
  readonly #senders: LiveSender[] = [];
  readonly #lab: Lab;

  /** @throws XDP_ERR_USAGE for frames that the kernel can't make, XDP_ERR_NATIVE_UNSUPPORTED, XDP_ERR_PERMISSION */
  constructor({ link, netns, traffic, senders }: EngineOptions) {
    if (traffic.frames.kind === 'replayed') throw usage('live frames are described ones', 'replay with the engine xsk');
    refuseDeaf(link, netns);
    const plan = planFrames(traffic.frames.fields);
    const frame = plan.templates.reduce((a, b) => (b.length > a.length ? b : a)).bytes;
    removeStaleLabs();
    this.#lab = createLab('generate');
    try {
      const scratch = this.#lab.namespace('scratch');
      this.plans = senders.map((sender): LivePlan => {
        const { worker, workers } = sender;
        const live = new LiveSender(plan, worker, workers);
        this.#senders.push(live);
        // For a program that is attached nowhere, the kernel patches its dispatcher at every call, which takes 24 ms. An
        // interface has one program, so each gets one that nothing comes to.
        const name = `scratch${worker}`;
        this.#lab.veth({ name, netns: scratch, up: false, peer: { name: `${name}p`, netns: scratch, up: false } });
        live.attach(name, scratch);
        const { address, length } = live.state;
        const pages = { frame, sameSize: plan.templates.length === 1 };
        return {
          ...sender,
          ...pages,
          ifindex: link.index,
          netns,
          programFd: live.program.fd,
          state: { address, length },
        };
      });
    } catch (error) {
      this.close();
      throw error;
    }
  }

  close(): void {
    for (const sender of this.#senders.splice(0)) sender.close();
    this.#lab.close();
  }
}

/** Whoever takes no frames from the kernel's engine loses them without a word. */
function refuseDeaf(link: Link, netns: string | undefined): void {
  let features: XdpFeatures;
  try {
    features = getXdpFeatures(link.index, { netns });
  } catch (error) {
    // Before Linux 6.3 nobody can tell.
    if (error instanceof XdpError && error.code === 'XDP_ERR_PLATFORM') return;
    throw error;
  }
  if (features.xdp.includes('ndo-xmit')) return;
  const advice =
    link.kind === 'veth'
      ? 'its peer needs an XDP program (xdpkit receive, for one) or GRO (ethtool -K PEER gro on); or use --engine xsk'
      : 'use --engine xsk';
  throw new XdpError('XDP_ERR_NATIVE_UNSUPPORTED', `${link.name} takes no live frames (ndo_xdp_xmit)`, { advice });
}

/** A program, its maps, and where it is attached. */
class LiveSender implements Disposable {
  readonly program: XdpProgram;
  readonly state: Mapping;
  readonly #owned: Disposable[] = [];

  constructor(plan: FramePlan, worker: number, workers: number) {
    try {
      const start = liveState(plan, worker);
      const state = this.#own(
        new BpfMap({
          kind: 'array',
          name: 'xdpkit_live',
          valueSize: start.byteLength,
          maxEntries: 1,
          flags: MapFlag.mappable,
        }),
      );
      const valueSize = plan.cycle.length;
      const cycle = this.#own(new BpfMap({ kind: 'array', name: 'xdpkit_sizes', valueSize, maxEntries: 1 }));
      cycle.update(new Uint8Array(4), Uint8Array.from(plan.cycle));
      const instructions = link(liveProgram(plan, workers), { state: state.fd, cycle: cycle.fd });
      this.program = this.#own(new XdpProgram({ name: 'xdpkit_generate', instructions }));
      this.state = this.#own(state.memory());
      new BigUint64Array(this.state.buffer).set(start);
    } catch (error) {
      this.close();
      throw error;
    }
  }

  attach(name: string, netns: string): void {
    this.#own(withNamespace<XdpLink>(netns, () => XdpLink.attach(this.program, getLink(name), 'native')));
  }

  close(): void {
    for (const owned of this.#owned.splice(0).toReversed()) owned[Symbol.dispose]();
  }

  [Symbol.dispose](): void {
    this.close();
  }

  #own<T extends Disposable>(owned: T): T {
    this.#owned.push(owned);
    return owned;
  }
}
