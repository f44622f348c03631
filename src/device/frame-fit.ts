import type { Link, XdpFeatures } from '../netdev/index.js';
import { XdpError } from '../sys/index.js';
import { ETHERNET_HEADER, VLAN_TAG } from '../wire/index.js';
import { hasFragments } from '../xsk/index.js';
import type { AttachOptions } from './attach-program.js';

/** See `DeviceOptions`. */
interface Fit extends Pick<AttachOptions, 'mode'> {
  readonly capacity: number;
  readonly fragments?: boolean | undefined;
}

/** Whether every packet of an interface with this MTU fits into `capacity` bytes. */
export function fitsFrame(mtu: number, capacity: number): boolean {
  return longestPacket(mtu) <= capacity;
}

/** Bytes. Two tags: a tagged frame in a provider's tag (IEEE 802.1ad) still has to fit. */
export function longestPacket(mtu: number): number {
  return mtu + ETHERNET_HEADER + 2 * VLAN_TAG;
}

/**
 * Refuses an interface with longer packets than a frame holds, unless they may come in several fragments, and can.
 *
 * @throws XDP_ERR_MTU
 */
export function checkFit(link: Link, features: XdpFeatures | undefined, options: Fit): void {
  const { name, mtu, driver = 'unknown' } = link;
  const { capacity, fragments, mode } = options;
  if (fitsFrame(mtu, capacity)) return;
  const refuse = (why: string, advice: string): never => {
    throw new XdpError(
      'XDP_ERR_MTU',
      `${name} has an MTU of ${mtu}: its frames of up to ${longestPacket(mtu)} bytes don't fit into ${capacity}${why}`,
      { advice: `${advice}, or ip link set ${name} mtu 1500` },
    );
  };
  if (!fragments) refuse('', 'use larger frames (--frame-size 4096 holds an MTU up to 3818)');
  if (!hasFragments()) {
    refuse(', and AF_XDP sockets of this kernel take no packets of several fragments', 'use Linux 6.6 or later');
  }
  if (mode === 'native' && !takesFragments(features)) {
    refuse(
      `, and its driver (${driver}) can't hand over a packet in several fragments (it lacks rx-sg)`,
      'use --mode generic, which is slower',
    );
  }
}

/**
 * Where the program of an interface runs that {@link checkFit} has nothing against. In generic mode the host's own packets
 * arrive, whatever the driver.
 *
 * @param notices gets a sentence when native mode is given up for it
 */
export function modeThatFits(
  link: Link,
  features: XdpFeatures | undefined,
  { mode = 'auto', capacity }: Fit,
  notices: string[],
): Fit['mode'] {
  const { name, mtu, driver = 'unknown' } = link;
  if (mode !== 'auto' || fitsFrame(mtu, capacity) || takesFragments(features)) return mode;
  notices.push(
    `${name}: its driver (${driver}) can't hand over packets of its MTU of ${mtu}, which come in several fragments; its ` +
      'program runs in generic mode, which is slower',
  );
  return 'generic';
}

/**
 * AF_XDP sends as the host does, or in the driver's zero-copy mode, so that ndo-xmit-sg is not asked for: it is for packets
 * that programs redirect to the driver.
 */
function takesFragments(features: XdpFeatures | undefined): boolean {
  return features?.xdp.includes('rx-sg') ?? false;
}
