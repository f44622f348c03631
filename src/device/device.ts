import { type XdpMode, XdpProgram, XskMap } from '../kernel/index.js';
import {
  type FeatureChange,
  type FeatureRefusal,
  getLink,
  getXdpFeatures,
  type Link,
  PromiscuousMode,
  type QuietOffloads,
  quietOffloads,
  type XdpFeatures,
} from '../netdev/index.js';
import { XdpError } from '../sys/index.js';
import { type AttachOptions, attach, refuseTaken } from './attach-program.js';
import { busyPollNotices } from './busy-poll-notices.js';
import { checkFit, modeThatFits } from './frame-fit.js';
import { OffloadJournal, recoverOffloads } from './offload-journal.js';
import { redirectProgram } from './redirect-program.js';

export interface DeviceOptions extends AttachOptions {
  /** Bytes that a frame holds of a packet: a UMEM's `capacity`. */
  readonly capacity: number;
  /**
   * Longer packets may come in several fragments: the sockets' UMEM lets them. Linux 6.6, and for native mode a driver with
   * `rx-sg` (`XdpFeatures`); with `auto` another one's program runs in generic mode. Default false: an MTU that no frame
   * holds is refused.
   */
  readonly fragments?: boolean | undefined;
  /** The sockets poll busily: a notice says where that does nothing. Default false. */
  readonly busyPoll?: boolean | undefined;
  /**
   * The program to attach, instead of the one that leads every frame to a socket; it stays the caller's. It has a map of sockets
   * of its own then: {@link Device.sockets} leads nowhere.
   */
  readonly program?: XdpProgram | undefined;
  /** Receive frames for every address. Default false. */
  readonly promiscuous?: boolean | undefined;
}

/**
 * A network interface with our XDP program on it, and whatever had to be changed for that: opened as a whole, and given
 * back as a whole. While it is open every frame of a queue goes to the AF_XDP socket that {@link sockets} has for it,
 * and to the host where it has none.
 *
 * Needs CAP_NET_ADMIN, CAP_BPF and CAP_NET_RAW; Linux 5.9.
 */
export class Device implements Disposable {
  readonly link: Link;
  /** What its driver does for XDP and AF_XDP. Undefined before Linux 6.3. */
  readonly features: XdpFeatures | undefined;
  /** What was got. */
  readonly mode: XdpMode;
  /** Queue to AF_XDP socket. */
  readonly sockets: XskMap;
  /** Whether packets may arrive whose checksum their sender left to the hardware. */
  readonly partialChecksums: boolean;
  /** What somebody who looks at this interface should know, as sentences. */
  readonly notices: readonly string[];
  readonly #undo: (() => void)[];

  private constructor(
    parts: Pick<Device, 'link' | 'features' | 'mode' | 'sockets' | 'partialChecksums' | 'notices'>,
    undo: (() => void)[],
  ) {
    this.link = parts.link;
    this.features = parts.features;
    this.mode = parts.mode;
    this.sockets = parts.sockets;
    this.partialChecksums = parts.partialChecksums;
    this.notices = parts.notices;
    this.#undo = undo;
  }

  /**
   * Takes an interface over. Synchronous; attaching takes some 10 ms.
   *
   * @throws XDP_ERR_NO_INTERFACE, XDP_ERR_INTERFACE_DOWN, XDP_ERR_FOREIGN_PROGRAM (which stays as it is),
   *   XDP_ERR_PROTECTED, XDP_ERR_MTU, XDP_ERR_NATIVE_UNSUPPORTED, XDP_ERR_PERMISSION
   */
  static open(name: string, options: DeviceOptions): Device {
    const { netns } = options;
    const undo: (() => void)[] = [];
    try {
      const notices = recoverOffloads().map(
        (mended) => `put back the offloads of ${mended} that a killed run had left off`,
      );
      const link = getLink(name, { netns });
      const features = readFeatures(link, netns);
      checkUsable(link, features, options);
      const onPlan = (changes: readonly FeatureChange[]) => {
        const journal = keepJournal(changes, notices);
        // Closed last: what it tells of is undone by then.
        undo.push(() => journal?.close());
      };
      const quiet = quietOffloads(link.index, { netns, onPlan });
      undo.push(() => quiet.restore());
      if (options.promiscuous) {
        const promiscuous = new PromiscuousMode(link.index, { netns });
        undo.push(() => promiscuous.close());
      }
      const sockets = new XskMap('xdpkit_sockets', link.queues);
      undo.push(() => sockets.close());
      const instructions = redirectProgram(sockets);
      using redirect = new XdpProgram({ name: 'xdpkit_redirect', instructions, fragments: options.fragments });
      const mode = modeThatFits(link, features, options, notices);
      const attached = attach(options.program ?? redirect, link, { ...options, mode }, notices);
      undo.push(() => attached.close());
      notices.push(...quietNotices(link, quiet, attached.mode));
      if (options.busyPoll) notices.push(...busyPollNotices(link, attached.mode, netns));
      const partialChecksums = mayArrivePartial(link, quiet);
      return new Device({ link, features, mode: attached.mode, sockets, partialChecksums, notices }, undo);
    } catch (error) {
      unwind(undo);
      throw error;
    }
  }

  /** Detaches the program, then puts everything back. Idempotent. */
  close(): void {
    unwind(this.#undo);
  }

  [Symbol.dispose](): void {
    this.close();
  }
}

/** Takes every step, the last one first, also when one fails; the first failure is thrown in the end. */
function unwind(undo: (() => void)[]): void {
  const errors: unknown[] = [];
  for (let step = undo.pop(); step !== undefined; step = undo.pop()) {
    try {
      step();
    } catch (error) {
      errors.push(error);
    }
  }
  if (errors.length > 0) throw errors[0];
}

/** @returns undefined where a journal can't be written: no reason not to start */
function keepJournal(changes: readonly FeatureChange[], notices: string[]): OffloadJournal | undefined {
  if (changes.length === 0) return undefined;
  try {
    return new OffloadJournal(changes);
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    notices.push(`no journal of switched offloads can be kept (${why}): after a kill -9 they would stay off`);
    return undefined;
  }
}

function readFeatures(link: Link, netns: string | undefined): XdpFeatures | undefined {
  try {
    return getXdpFeatures(link.index, { netns });
  } catch (error) {
    if (error instanceof XdpError && error.code === 'XDP_ERR_PLATFORM') return undefined;
    throw error;
  }
}

function checkUsable(link: Link, features: XdpFeatures | undefined, options: DeviceOptions): void {
  const { name } = link;
  if (!link.up) {
    throw new XdpError('XDP_ERR_INTERFACE_DOWN', `${name} is down`, { advice: `ip link set ${name} up` });
  }
  refuseTaken(link, options);
  checkFit(link, features, options);
}

const CHECKSUM_FEATURE = /^tx-checksum/;
const VLAN_FEATURE = /^tx-vlan/;
const SEGMENTATION_FEATURE = /segmentation$/;

function quietNotices(link: Link, quiet: QuietOffloads, mode: XdpMode): string[] {
  const notices: string[] = [];
  if (quiet.changes.length > 0) {
    const names = [...new Set(quiet.changes.map((change) => change.interface))].join(' and ');
    notices.push(`${link.name}: switched off ${quiet.changes.length} offloads of ${names} until the end`);
  }
  const segments = ({ feature, reason }: FeatureRefusal) =>
    reason === 'unreachable peer' || SEGMENTATION_FEATURE.test(feature ?? '');
  // Native XDP on a veth makes its peer segment by itself (drivers/net/veth.c, veth_xdp_set).
  if (mode === 'generic' && quiet.refused.some(segments)) {
    notices.push(
      `${link.name}: its sender may hand over segments larger than a frame, which are lost (and counted): use --mode native, ` +
        'or switch its tso and gso off',
    );
  }
  for (const { interface: name, feature, reason } of quiet.refused) {
    if (reason === 'unreachable peer') {
      notices.push(
        `${name}: its veth peer is out of reach; checksums are completed here, but a VLAN tag that the peer's host makes ` +
          'arrives without its tag unless the peer has tx-vlan-hw-insert off',
      );
    } else if (feature !== undefined && VLAN_FEATURE.test(feature)) {
      notices.push(`${name}: ${feature} can't be switched off; VLAN tags made by its host arrive without their tag`);
    } else if (feature !== undefined && CHECKSUM_FEATURE.test(feature)) {
      notices.push(`${name}: ${feature} can't be switched off; checksums are completed here`);
    }
  }
  return notices;
}

/** Drivers behind which a virtual machine or a host leaves checksums to the hardware, and can't be told not to. */
const PARTIAL_DRIVERS = new Set(['tun', 'virtio_net', 'xen_netfront', 'vmxnet3']);

function mayArrivePartial(link: Link, quiet: QuietOffloads): boolean {
  return (
    PARTIAL_DRIVERS.has(link.driver ?? '') ||
    quiet.refused.some(
      ({ reason, feature }) =>
        reason === 'unreachable peer' || (feature !== undefined && CHECKSUM_FEATURE.test(feature)),
    )
  );
}
