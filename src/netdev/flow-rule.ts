/** A value of which only the bits set in `mask` are compared. */
export interface Masked<T> {
  readonly value: T;
  readonly mask: T;
}

/** The kinds of packets a rule can be about; what it can match depends on it. */
export type FlowType = 'tcp4' | 'udp4' | 'sctp4' | 'ip4' | 'tcp6' | 'udp6' | 'sctp6' | 'ip6' | 'ether';

/** What a packet has to have; what is absent doesn't matter. Every rule can match the VLAN and, but for `ether`, the MAC. */
export interface FlowMatch {
  /** Address, or address with prefix length. Not for `ether`. */
  readonly sourceIp?: string | Masked<string>;
  readonly destinationIp?: string | Masked<string>;
  /** For TCP, UDP and SCTP. */
  readonly sourcePort?: number | Masked<number>;
  readonly destinationPort?: number | Masked<number>;
  /** The byte of IPv4's type of service, or IPv6's traffic class. */
  readonly trafficClass?: number | Masked<number>;
  /** IP protocol number, for `ip4` and `ip6`. */
  readonly protocol?: number | Masked<number>;
  /** For `ether` only. */
  readonly sourceMac?: string | Masked<string>;
  readonly destinationMac?: string | Masked<string>;
  /** For `ether` only. */
  readonly etherType?: number | Masked<number>;
  /** Priority and number of the VLAN, as they stand in the tag. */
  readonly vlanTci?: number | Masked<number>;
  readonly vlanEtherType?: number | Masked<number>;
}

/** A flow steering rule (ntuple filter) of a NIC, as plain data. */
export interface FlowRule {
  readonly type: FlowType;
  readonly match: FlowMatch;
  /** The queue that gets the packet, of the device itself or of one of its virtual functions (numbered from 0). */
  readonly action: 'drop' | { readonly queue: number; readonly virtualFunction?: number };
  /** The rule's place: the lowest that matches counts. When adding, absent for any that is free. */
  readonly location?: number;
}
