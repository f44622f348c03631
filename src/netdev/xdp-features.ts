import { XdpError } from '../sys/index.js';
import { GenericSocket } from './generic-netlink.js';
import { getLink } from './links.js';
import type { Attributes } from './netlink-attributes.js';
import type { NetnsOptions } from './netlink-socket.js';

const NETDEV_CMD_DEV_GET = 1;
const NETDEV_A_DEV_IFINDEX = 1;
const NETDEV_A_DEV_XDP_FEATURES = 3;
const NETDEV_A_DEV_XDP_ZC_MAX_SEGS = 4;
const NETDEV_A_DEV_XDP_RX_METADATA_FEATURES = 5;
const NETDEV_A_DEV_XSK_FEATURES = 6;

// Names in the order of their bits, as Documentation/netlink/specs/netdev.yaml has them.
const XDP_FEATURES: readonly XdpFeature[] = [
  'basic',
  'redirect',
  'ndo-xmit',
  'xsk-zerocopy',
  'hw-offload',
  'rx-sg',
  'ndo-xmit-sg',
];
const RX_METADATA_FEATURES: readonly RxMetadataFeature[] = ['timestamp', 'hash', 'vlan-tag'];
const XSK_FEATURES: readonly XskFeature[] = ['tx-timestamp', 'tx-checksum', 'tx-launch-time-fifo'];

/**
 * What a driver does for XDP: `basic` runs programs (pass, drop, abort, XDP_TX), `redirect` lets them redirect,
 * `ndo-xmit` takes redirected frames from others, `xsk-zerocopy` shares memory with AF_XDP sockets, `hw-offload` runs
 * programs on the NIC; `rx-sg` and `ndo-xmit-sg` do it for frames in several buffers.
 */
export type XdpFeature = 'basic' | 'redirect' | 'ndo-xmit' | 'xsk-zerocopy' | 'hw-offload' | 'rx-sg' | 'ndo-xmit-sg';
/** What a program bound to the device may ask of a received frame (Documentation/networking/xdp-rx-metadata.rst). */
export type RxMetadataFeature = 'timestamp' | 'hash' | 'vlan-tag';
/** What an AF_XDP socket may ask for a frame it sends (Documentation/networking/xsk-tx-metadata.rst). */
export type XskFeature = 'tx-timestamp' | 'tx-checksum' | 'tx-launch-time-fifo';

/** An interface's part in XDP, in the words of the kernel's own specification; bits without a name there are left out. */
export interface XdpFeatures {
  readonly index: number;
  readonly xdp: readonly XdpFeature[];
  readonly rxMetadata: readonly RxMetadataFeature[];
  readonly xsk: readonly XskFeature[];
  /** Buffers that a frame of a zero-copy socket may have; 0 without zero-copy. */
  readonly zeroCopySegments: number;
}

/**
 * What an interface does for XDP and AF_XDP. Needs Linux 6.3; one before 6.8 doesn't tell of metadata.
 *
 * @throws XDP_ERR_NO_INTERFACE, XDP_ERR_PLATFORM on an older kernel
 */
export function getXdpFeatures(nameOrIndex: string | number, options: NetnsOptions = {}): XdpFeatures {
  const { name, index } = getLink(nameOrIndex, options);
  using socket = new GenericSocket('netdev', options);
  const what = `reading XDP features of ${name}`;
  const [answer] = socket.request(what, NETDEV_CMD_DEV_GET, (payload) => payload.u32(NETDEV_A_DEV_IFINDEX, index));
  if (answer === undefined) throw new XdpError('XDP_ERR_NETLINK', `${what}: the kernel gave no answer`);
  return decodeXdpFeatures(answer);
}

/**
 * The same for all interfaces of a namespace. Needs Linux 6.3.
 *
 * @throws XDP_ERR_PLATFORM on an older kernel
 */
export function listXdpFeatures(options: NetnsOptions = {}): XdpFeatures[] {
  using socket = new GenericSocket('netdev', options);
  return socket.dump('listing XDP features', NETDEV_CMD_DEV_GET).map(decodeXdpFeatures);
}

/** Decodes what NETDEV_CMD_DEV_GET answers. */
export function decodeXdpFeatures(answer: Attributes): XdpFeatures {
  return {
    index: answer.u32(NETDEV_A_DEV_IFINDEX) ?? 0,
    xdp: namesOf(answer.u64(NETDEV_A_DEV_XDP_FEATURES), XDP_FEATURES),
    rxMetadata: namesOf(answer.u64(NETDEV_A_DEV_XDP_RX_METADATA_FEATURES), RX_METADATA_FEATURES),
    xsk: namesOf(answer.u64(NETDEV_A_DEV_XSK_FEATURES), XSK_FEATURES),
    zeroCopySegments: answer.u32(NETDEV_A_DEV_XDP_ZC_MAX_SEGS) ?? 0,
  };
}

function namesOf<Name extends string>(bits: bigint | undefined, names: readonly Name[]): Name[] {
  return names.filter((_, bit) => ((bits ?? 0n) & (1n << BigInt(bit))) !== 0n);
}
