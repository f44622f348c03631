import { all, any, equals, load, relation } from './build.js';
import { EtherType, type LinkLayer } from './link-layer.js';
import type { Source } from './source.js';
import { IpProtocol, isIpv4With, isIpv6With, isIpWith } from './transport.js';
import type { Expression } from './tree.js';

/** What the link layer carries, by EtherType or service access point. */
const CARRIED: Readonly<Record<string, number>> = {
  ...EtherType,
  atalk: 0x809b,
  aarp: 0x80f3,
  decnet: 0x6003,
  sca: 0x6007,
  lat: 0x6004,
  moprc: 0x6002,
  mopdl: 0x6001,
  iso: 0xfe,
  stp: 0x42,
  ipx: 0xe0,
  netbeui: 0xf0,
};
const ABOVE_IP: ReadonlySet<string> = new Set(['tcp', 'udp', 'sctp', 'pim', 'ah', 'esp']);
/** Network layer protocol identifiers of ISO 9577, behind the three bytes of the LLC header. */
const ISO: Readonly<Record<string, number>> = { clnp: 0x81, esis: 0x82, isis: 0x83 };

/** A protocol's name alone: `tcp`, `arp`, `ip6`. */
export function isProtocol(source: Source, link: LinkLayer, at: number, name: string): Expression {
  const type = CARRIED[name];
  if (type !== undefined) return link.carries(at, type);
  const iso = ISO[name];
  if (iso !== undefined) return all(link.carries(at, CARRIED['iso']!), equals(1, link.network + 3, iso));
  if (name === 'ether')
    source.fail(at, 'every frame is an Ethernet frame: expected host, proto, [ or the like behind it');
  const number = IpProtocol[name as keyof typeof IpProtocol];
  if (ABOVE_IP.has(name)) return isIpWith(link, at, number);
  return name === 'icmp6' ? isIpv6With(link, at, number) : isIpv4With(link, at, number);
}

/** Whether a protocol that stands right in the frame, and not above IP, has this name: what `arp[7]` looks into. */
export function isCarried(name: string): boolean {
  return Object.hasOwn(CARRIED, name);
}

/** `proto 6`, `ip proto 6`, `ether proto 0x88cc`. */
export function hasProtocolNumber(
  source: Source,
  link: LinkLayer,
  at: number,
  protocol: string | undefined,
  number: number,
): Expression {
  switch (protocol) {
    case 'ether':
      return link.carries(at, number);
    case 'ip':
      return isIpv4With(link, at, number);
    case 'ip6':
      return isIpv6With(link, at, number);
    case undefined:
      return any(isIpv4With(link, at, number), isIpv6With(link, at, number));
  }
  return source.fail(at, `${protocol} proto has no meaning: expected ether, ip, ip6 or nothing before proto`);
}

export function isBroadcast(source: Source, link: LinkLayer, at: number, protocol: string | undefined): Expression {
  if (protocol === 'ip') source.fail(at, 'ip broadcast needs a netmask, which a frame does not have: name the address');
  if (protocol !== undefined && protocol !== 'ether') source.fail(at, `${protocol} broadcast has no meaning`);
  link.expectEthernet(at, 'broadcast');
  return link.hasAddress(0, new Uint8Array(6).fill(0xff));
}

export function isMulticast(source: Source, link: LinkLayer, at: number, protocol: string | undefined): Expression {
  switch (protocol) {
    case undefined:
    case 'ether':
      link.expectEthernet(at, 'multicast');
      return link.isMulticast();
    case 'ip':
      return all(link.carries(at, EtherType.ip), relation('>=', load(1, link.network + 16), 224));
    case 'ip6':
      return all(link.carries(at, EtherType.ip6), equals(1, link.network + 24, 255));
  }
  return source.fail(at, `${protocol} multicast has no meaning`);
}
