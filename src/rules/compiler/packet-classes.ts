/**
 * What parsing finds out: every frame is of exactly one class. A set of classes is their bits together. The names end in
 * the IP version; docs/rules.md, "What a packet is", has the reading behind them.
 */
export const PacketClass = {
  /** Less than an Ethernet header. */
  short: 0x1,
  /** Ethernet, but a VLAN tag is cut off: no EtherType. */
  untyped: 0x2,
  /** An EtherType, and no whole IP header. */
  other: 0x4,
  udp4: 0x8,
  tcp4: 0x10,
  icmp4: 0x20,
  /** Transport begins somewhere, but none of the three headers is there. */
  rest4: 0x40,
  later4: 0x80,
  udp6: 0x100,
  tcp6: 0x200,
  icmp6: 0x400,
  rest6: 0x800,
  later6: 0x1000,
  /** The chain of extension headers is cut off or too long: neither protocol nor transport. */
  bare6: 0x2000,
} as const;

export type ClassName = keyof typeof PacketClass;
/** Bits of {@link PacketClass}. */
export type ClassSet = number;

export const CLASS_NAMES: readonly ClassName[] = Object.keys(PacketClass) as ClassName[];

const C = PacketClass;

/** Set beside classes where the program's pointers have lost what parsing verified: every access has to be compared with the frame's end. */
export const UNVERIFIED: ClassSet = 1 << CLASS_NAMES.length;

export const ALL_CLASSES: ClassSet = (1 << CLASS_NAMES.length) - 1;
export const IPV4: ClassSet = C.udp4 | C.tcp4 | C.icmp4 | C.rest4 | C.later4;
export const IPV6: ClassSet = C.udp6 | C.tcp6 | C.icmp6 | C.rest6 | C.later6 | C.bare6;
export const UDP: ClassSet = C.udp4 | C.udp6;
export const TCP: ClassSet = C.tcp4 | C.tcp6;
export const ICMP: ClassSet = C.icmp4 | C.icmp6;
export const ETHERNET: ClassSet = ALL_CLASSES & ~C.short;
export const TYPED: ClassSet = ETHERNET & ~C.untyped;
export const WITH_TRANSPORT: ClassSet = UDP | TCP | ICMP | C.rest4 | C.rest6;

/**
 * Where offsets count from: what the pointers of the program point to. `tcpPayload` is found anew each time, as the header's length
 * varies.
 */
export type Base = 'frame' | 'network' | 'transport' | 'tcpPayload';

/** Bytes from a base on that parsing has found to be there, in any of the classes. Below 0 the pointer itself may be no good. */
export function bytesKnown(classes: ClassSet, base: Base): number {
  if ((classes & UNVERIFIED) !== 0) return -1;
  return Math.min(...CLASS_NAMES.filter((name) => (classes & C[name]) !== 0).map((name) => KNOWN[base](C[name])));
}

const KNOWN: Readonly<Record<Base, (one: ClassSet) => number>> = {
  frame: (one) => (one === C.short ? 0 : 14),
  network: (one) => (one & IPV4 ? 20 : one & IPV6 ? 40 : one === C.other ? 0 : -1),
  transport: (one) => (one & TCP ? 20 : one & (UDP | ICMP) ? 8 : one & WITH_TRANSPORT ? 0 : -1),
  tcpPayload: () => 0,
};
