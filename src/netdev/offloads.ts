import { getFeatures, setFeatures } from './features.js';
import { getLink } from './links.js';
import type { NetnsOptions } from './netlink-socket.js';
import { peerOf } from './peer.js';
import { type Place, placeOf, whereStill } from './place.js';

/**
 * What the sender must not leave to a wire that isn't there. A packet that XDP takes off a veth has left its sender's
 * stack unfinished: checksums to be filled in, a VLAN tag beside the packet instead of in it, and segments still in one
 * piece, larger than a frame.
 */
const SENDER_FEATURES = [
  /^tx-checksum-(ip-generic|ipv4|ipv6|sctp)$/,
  /^tx-vlan(-stag)?-hw-insert$/,
  /^tx-(.*segmentation|gso-list|udp-fragmentation)$/,
];

/** What the receiver must not do ahead of XDP: gluing packets together, and taking VLAN tags out. */
const RECEIVER_FEATURES = [/^rx-(gro|lro|gro-list|gro-hw|udp-gro-forwarding)$/, /^rx-vlan(-stag)?-hw-parse$/];

/** An offload that was switched, as plain data: it survives JSON, so that another process can undo it. */
export interface FeatureChange extends Place {
  readonly feature: string;
  /** What was asked for before. */
  readonly before: boolean;
}

/** An offload that stays as it is though it should be off. */
export interface FeatureRefusal extends Place {
  /** Absent when none of the interface's features could be reached. */
  readonly feature?: string;
  readonly reason: 'unreachable peer' | 'fixed by the driver' | 'held on by the driver';
}

/** What {@link quietOffloads} did, and the way back. */
export interface QuietOffloads extends Disposable {
  /** In the order they were made; {@link restoreFeatures} undoes them from anywhere. */
  readonly changes: readonly FeatureChange[];
  readonly refused: readonly FeatureRefusal[];
  /** Idempotent. @returns the changes that could not be undone, as {@link restoreFeatures} does */
  restore(): FeatureChange[];
}

export interface QuietOptions extends NetnsOptions {
  /** Told what is going to be changed, before it is: for a journal that survives the process. */
  readonly onPlan?: (changes: readonly FeatureChange[]) => void;
}

/**
 * Switches off, on an interface and on its veth peer, whatever keeps AF_XDP from seeing whole and finished packets.
 * Needs CAP_NET_ADMIN, and CAP_SYS_ADMIN for a peer in another namespace.
 *
 * Do it before an XDP program is attached and undo it after it is detached: meanwhile veth holds its peer's
 * segmentation offloads off by itself and lets nobody switch them.
 *
 * @throws XDP_ERR_NO_INTERFACE
 */
export function quietOffloads(nameOrIndex: string | number, options: QuietOptions = {}): QuietOffloads {
  const link = getLink(nameOrIndex, options);
  const peer = peerOf(link, options);
  const changes: FeatureChange[] = [];
  const refused: FeatureRefusal[] = [];
  let restored = false;
  const restore = () => {
    if (restored) return [];
    restored = true;
    return restoreFeatures(changes);
  };
  try {
    const own = placeOf(link, options.netns);
    const plans = [planSwitch(own, RECEIVER_FEATURES)];
    if (peer !== undefined) plans.unshift(planSwitch(placeOf(peer.link, peer.netns), SENDER_FEATURES));
    else if (link.peer !== undefined) refused.push({ ...own, reason: 'unreachable peer' });
    changes.push(...plans.flatMap((plan) => plan.changes));
    options.onPlan?.(changes);
    for (const plan of plans) refused.push(...switchOff(plan));
  } catch (error) {
    restore();
    throw error;
  }
  return { changes, refused, restore, [Symbol.dispose]: () => void restore() };
}

/**
 * Undoes changes, the last one first. An interface or a namespace that has gone away took its features along.
 *
 * @returns the changes that could not be undone because the driver holds the feature; `[]` is the rule
 */
export function restoreFeatures(changes: readonly FeatureChange[]): FeatureChange[] {
  const byInterface = new Map<string, FeatureChange[]>();
  for (const change of changes.toReversed()) {
    const key = `${change.netns ?? ''}|${change.index}|${change.interface}`;
    byInterface.set(key, [...(byInterface.get(key) ?? []), change]);
  }
  return [...byInterface.values()].flatMap(restoreInterface);
}

function restoreInterface(changes: readonly FeatureChange[]): FeatureChange[] {
  // Of a feature that was changed twice the first change knows how it was: it comes last here.
  const before = Object.fromEntries(changes.map((change) => [change.feature, change.before]));
  const left = whereStill(changes[0]!, ({ index, netns }) => {
    setFeatures(index, before, { netns });
    const now = getFeatures(index, { netns });
    return changes.filter(({ feature }) => now.get(feature)?.wanted !== before[feature]);
  });
  return left ?? [];
}

interface SwitchPlan {
  readonly place: Place;
  /** All features that should be off. */
  readonly features: readonly string[];
  /** Those of them that have to be switched, and can be. */
  readonly changes: readonly FeatureChange[];
}

function planSwitch(place: Place, names: readonly RegExp[]): SwitchPlan {
  const found = [...getFeatures(place.index, { netns: place.netns })].filter(([name]) =>
    names.some((pattern) => pattern.test(name)),
  );
  const chosen = found.filter(([, feature]) => feature.changeable && feature.wanted);
  return {
    place,
    features: found.map(([name]) => name),
    changes: chosen.map(([feature]) => ({ ...place, feature, before: true })),
  };
}

/** @returns the features that are on all the same */
function switchOff({ place, features, changes }: SwitchPlan): FeatureRefusal[] {
  const { index, netns } = place;
  if (changes.length > 0)
    setFeatures(index, Object.fromEntries(changes.map(({ feature }) => [feature, false])), { netns });
  const after = getFeatures(index, { netns });
  return features.flatMap((feature) => {
    const { active = false, changeable = false } = after.get(feature) ?? {};
    if (!active) return [];
    return { ...place, feature, reason: changeable ? 'held on by the driver' : 'fixed by the driver' };
  });
}
