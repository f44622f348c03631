import { AF_INET, AF_INET6, familyOf, ipVersion } from './ip-family.js';
import { formatIp, parsePrefix } from './ip-text.js';
import { getLink } from './links.js';
import { Attributes, PayloadWriter } from './netlink-attributes.js';
import { NLM_F_CREATE, NLM_F_EXCL } from './netlink-codec.js';
import { NETLINK_ROUTE, NetlinkSocket, type NetnsOptions } from './netlink-socket.js';

const RTM_NEWADDR = 20;
const RTM_DELADDR = 21;
const RTM_GETADDR = 22;
/** `struct ifaddrmsg`: u8 family, prefix length, flags, scope; u32 index. */
const IFADDRMSG_LENGTH = 8;
const IFA_ADDRESS = 1;
const IFA_LOCAL = 2;
const IFA_BROADCAST = 4;
const IFA_FLAGS = 8;
const IFA_F_NODAD = 0x02;
const IFA_F_TENTATIVE = 0x40;

/** An IP address of an interface. */
export interface LinkAddress {
  readonly index: number;
  readonly family: 4 | 6;
  readonly address: string;
  readonly prefixLength: number;
  /** IPv6: whether duplicate address detection still runs, so that the address can't be used yet. */
  readonly tentative: boolean;
}

/** The addresses of one interface, or of all in the namespace. */
export function listAddresses(options: NetnsOptions & { readonly link?: string | number } = {}): LinkAddress[] {
  const index = options.link === undefined ? 0 : getLink(options.link, options).index;
  using socket = new NetlinkSocket(NETLINK_ROUTE, options);
  const answers = socket.dump('listing addresses', RTM_GETADDR, addressHeader(0, 0, index));
  return answers.flatMap(({ payload }) => decodeAddress(payload) ?? []);
}

export interface AddAddressOptions extends NetnsOptions {
  /** IPv6: use the address at once, without duplicate address detection (about a second). */
  readonly nodad?: boolean;
}

/**
 * Gives an interface an address, such as `192.0.2.1/24` or `2001:db8::1/64`. Needs CAP_NET_ADMIN.
 *
 * @throws XDP_ERR_USAGE, XDP_ERR_NO_INTERFACE, XDP_ERR_NETLINK with EEXIST when it has the address already
 */
export function addAddress(link: string | number, addressWithPrefix: string, options: AddAddressOptions = {}): void {
  const { address, prefixLength } = parsePrefix(addressWithPrefix);
  const { index } = getLink(link, options);
  const family = familyOf(address);
  const payload = new PayloadWriter(addressHeader(family, prefixLength, index));
  payload.bytes(IFA_LOCAL, address).bytes(IFA_ADDRESS, address);
  if (family === AF_INET && prefixLength < 31) payload.bytes(IFA_BROADCAST, broadcastOf(address, prefixLength));
  if (options.nodad && family === AF_INET6) payload.u32(IFA_FLAGS, IFA_F_NODAD);
  using socket = new NetlinkSocket(NETLINK_ROUTE, options);
  const what = `adding address ${addressWithPrefix} to ${link}`;
  socket.request(what, RTM_NEWADDR, payload.finish(), NLM_F_CREATE | NLM_F_EXCL);
}

/**
 * Takes an address away from an interface. Needs CAP_NET_ADMIN.
 *
 * @throws XDP_ERR_USAGE, XDP_ERR_NO_INTERFACE, XDP_ERR_NETLINK with EADDRNOTAVAIL when it doesn't have the address
 */
export function removeAddress(link: string | number, addressWithPrefix: string, options: NetnsOptions = {}): void {
  const { address, prefixLength } = parsePrefix(addressWithPrefix);
  const { index } = getLink(link, options);
  const payload = new PayloadWriter(addressHeader(familyOf(address), prefixLength, index)).bytes(IFA_LOCAL, address);
  using socket = new NetlinkSocket(NETLINK_ROUTE, options);
  socket.request(`removing address ${addressWithPrefix} from ${link}`, RTM_DELADDR, payload.finish());
}

function addressHeader(family: number, prefixLength: number, index: number): Uint8Array {
  const bytes = Uint8Array.of(family, prefixLength, 0, 0, 0, 0, 0, 0);
  new DataView(bytes.buffer).setUint32(4, index, true);
  return bytes;
}

function decodeAddress(payload: Uint8Array): LinkAddress | undefined {
  const attributes = Attributes.decode(payload, IFADDRMSG_LENGTH);
  const [addressFamily, prefixLength = 0, oldFlags = 0] = payload;
  const family = ipVersion(addressFamily);
  // On a point-to-point link IFA_ADDRESS is the other side's.
  const address = attributes.bytes(IFA_LOCAL) ?? attributes.bytes(IFA_ADDRESS);
  if (address === undefined || family === undefined) return undefined;
  const flags = attributes.u32(IFA_FLAGS) ?? oldFlags;
  return {
    index: new DataView(payload.buffer, payload.byteOffset).getUint32(4, true),
    family,
    address: formatIp(address),
    prefixLength,
    tentative: (flags & IFA_F_TENTATIVE) !== 0,
  };
}

function broadcastOf(address: Uint8Array, prefixLength: number): Uint8Array {
  return address.map((byte, at) => byte | (0xff >> Math.min(8, Math.max(0, prefixLength - at * 8))));
}
