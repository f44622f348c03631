/** EtherTypes (IEEE 802 numbers) and IP protocol numbers (IANA). */
export const EtherType = { ipv4: 0x0800, arp: 0x0806, vlan: 0x8100, ipv6: 0x86dd, serviceVlan: 0x88a8 } as const;
export const IpProtocol = {
  hopByHop: 0,
  icmp: 1,
  tcp: 6,
  udp: 17,
  routing: 43,
  fragment: 44,
  authentication: 51,
  icmpv6: 58,
  noNextHeader: 59,
  destinationOptions: 60,
  mobility: 135,
  hip: 139,
  shim6: 140,
} as const;

/** Bytes of headers that always have the same length. */
export const ETHERNET_HEADER = 14;
export const VLAN_TAG = 4;
export const IPV6_HEADER = 40;
export const UDP_HEADER = 8;
export const ICMP_HEADER = 8;
/** Bytes of headers without options. */
export const IPV4_HEADER = 20;
export const TCP_HEADER = 20;

/** Tags that may stand before the payload's EtherType (as many as IXDP counts). */
const MAX_VLAN_TAGS = 4;

/** Big-endian reads. The caller has checked that the bytes are there. */
export function u16(bytes: Uint8Array, at: number): number {
  return (bytes[at]! << 8) | bytes[at + 1]!;
}

export function u32(bytes: Uint8Array, at: number): number {
  return ((bytes[at]! << 24) | (bytes[at + 1]! << 16) | (bytes[at + 2]! << 8) | bytes[at + 3]!) >>> 0;
}

/** Big-endian writes. What does not fit is cut off. */
export function setU16(bytes: Uint8Array, at: number, value: number): void {
  bytes[at] = value >>> 8;
  bytes[at + 1] = value;
}

export function setU32(bytes: Uint8Array, at: number, value: number): void {
  bytes[at] = value >>> 24;
  bytes[at + 1] = value >>> 16;
  bytes[at + 2] = value >>> 8;
  bytes[at + 3] = value;
}

/**
 * Where the payload of an Ethernet frame begins, behind its VLAN tags (IEEE 802.1Q); its EtherType stands in the two
 * bytes before. -1 when the frame ends sooner.
 */
export function payloadOffset(bytes: Uint8Array, start: number, length: number): number {
  let offset = ETHERNET_HEADER;
  for (let tags = 0; tags <= MAX_VLAN_TAGS; tags++) {
    if (offset > length) return -1;
    const type = u16(bytes, start + offset - 2);
    if (type !== EtherType.vlan && type !== EtherType.serviceVlan) return start + offset;
    offset += VLAN_TAG;
  }
  return -1;
}

/** Bytes to keep. (`slice` of a Buffer copies nothing.) */
export function copyOf(bytes: Uint8Array, from: number, to: number): Uint8Array {
  return new Uint8Array(bytes.subarray(from, to));
}
