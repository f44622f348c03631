import { all, any, equals, load, masked, number, operation, relation } from './build.js';
import { EtherType, type LinkLayer } from './link-layer.js';
import type { Direction } from './qualifiers.js';
import type { Arithmetic, Expression } from './tree.js';

/** Numbers of protocols above IP. */
export const IpProtocol = {
  icmp: 1,
  igmp: 2,
  tcp: 6,
  igrp: 9,
  udp: 17,
  esp: 50,
  ah: 51,
  icmp6: 58,
  pim: 103,
  vrrp: 112,
  carp: 112,
  sctp: 132,
} as const;

const IPV4 = { fragment: 6, protocol: 9 } as const;
const IPV6 = { nextHeader: 6, length: 40 } as const;
const FRAGMENT_HEADER = 44;

/** The ports from `first` to `last`. */
export interface Ports {
  readonly first: number;
  readonly last: number;
}

/** IPv4 with this protocol number, of any fragment. */
export function isIpv4With(link: LinkLayer, at: number, protocol: number): Expression {
  return all(link.carries(at, EtherType.ip), equals(1, link.network + IPV4.protocol, protocol));
}

/** IPv6 with this next header, or with a fragment header and this one behind it. Other extension headers are not followed. */
export function isIpv6With(link: LinkLayer, at: number, protocol: number): Expression {
  const { network } = link;
  return all(
    link.carries(at, EtherType.ip6),
    any(
      equals(1, network + IPV6.nextHeader, protocol),
      all(equals(1, network + IPV6.nextHeader, FRAGMENT_HEADER), equals(1, network + IPV6.length, protocol)),
    ),
  );
}

export function isIpWith(link: LinkLayer, at: number, protocol: number): Expression {
  return any(isIpv4With(link, at, protocol), isIpv6With(link, at, protocol));
}

/** Not a later fragment of IPv4, which has no header of the transport layer. */
export function isFirstFragment(link: LinkLayer): Expression {
  return relation('=', masked(load(2, link.network + IPV4.fragment), 0x1fff), 0);
}

/** The length of the IPv4 header in bytes, as the packet says it: 0 to 60. */
export function ipv4HeaderLength(link: LinkLayer): Arithmetic {
  return operation('<<', masked(load(1, link.network), 0x0f), number(2));
}

/**
 * Ports of IPv6, whose fixed header has to name the protocol itself, and of IPv4. libpcap tests protocol after protocol, each
 * with its ports; that one test of the protocols and one of the ports suffice changes no verdict.
 */
export function hasPort(
  link: LinkLayer,
  at: number,
  ports: Ports,
  protocols: readonly number[],
  direction: Direction = 'either',
): Expression {
  const { network } = link;
  const header = ipv4HeaderLength(link);
  const isOneOf = (offset: number) => any(...protocols.map((protocol) => equals(1, network + offset, protocol)));
  return any(
    all(
      link.carries(at, EtherType.ip6),
      isOneOf(IPV6.nextHeader),
      directed(direction, (offset) => isWithin(load(2, network + IPV6.length + offset), ports)),
    ),
    all(
      link.carries(at, EtherType.ip),
      isOneOf(IPV4.protocol),
      isFirstFragment(link),
      directed(direction, (offset) => isWithin(load(2, network + offset, header), ports)),
    ),
  );
}

/** The source port is at 0, the destination port at 2, in TCP, UDP and SCTP alike. */
function directed(direction: Direction, port: (offset: 0 | 2) => Expression): Expression {
  if (direction === 'src') return port(0);
  if (direction === 'dst') return port(2);
  return direction === 'both' ? all(port(0), port(2)) : any(port(0), port(2));
}

function isWithin(port: Arithmetic, { first, last }: Ports): Expression {
  if (first === last) return relation('=', port, first);
  return all(relation('>=', port, first), relation('<=', port, last));
}
