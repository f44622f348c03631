import {
  hasIpv4,
  hasIpv6,
  hasMac,
  type Ipv4Net,
  ipv4Of,
  ipv4OfNumber,
  ipv6Words,
  macOf,
  prefixMask,
} from './addresses.js';
import type { Token } from './lexer.js';
import type { LinkLayer } from './link-layer.js';
import { findEtherType, findIpProtocol, findService } from './names.js';
import { hasProtocolNumber } from './protocols.js';
import type { Qualifiers } from './qualifiers.js';
import type { Source } from './source.js';
import { hasPort, IpProtocol, type Ports } from './transport.js';
import type { Expression } from './tree.js';

const PORT_PROTOCOLS: Readonly<Record<string, number>> = {
  sctp: IpProtocol.sctp,
  tcp: IpProtocol.tcp,
  udp: IpProtocol.udp,
};

/** Makes tests of values and what stands before them: `10.0.0.0/8` of `src net 10.0.0.0/8`. */
export class Values {
  readonly #source: Source;
  readonly #link: LinkLayer;

  constructor(source: Source, link: LinkLayer) {
    this.#source = source;
    this.#link = link;
  }

  /** `80`, `6`, `10`. */
  number({ value, at }: Token, qualifiers: Qualifiers): Expression {
    switch (qualifiers.kind) {
      case 'port':
      case 'portrange':
        return this.#ports(at, { first: this.#port(at, value), last: value }, qualifiers);
      case 'proto':
        return hasProtocolNumber(this.#source, this.#link, at, qualifiers.protocol, value);
      case 'net':
        return this.#ipv4(at, ipv4OfNumber(value), qualifiers);
      case 'host':
        return this.#ipv4(at, { address: value, mask: 0xffffffff }, qualifiers);
    }
  }

  /** `https`, `8000-8080`, `\tcp`. */
  name({ text, at }: Token, qualifiers: Qualifiers): Expression {
    switch (qualifiers.kind) {
      case 'port': {
        const { port, protocols } = this.#service(at, text);
        return this.#ports(at, { first: port, last: port }, qualifiers, protocols, text);
      }
      case 'portrange':
        return this.#portRange(at, text, qualifiers);
      case 'proto': {
        const find = qualifiers.protocol === 'ether' ? findEtherType : findIpProtocol;
        const number = find(text);
        if (number === undefined) this.#source.fail(at, `expected a protocol, by its number or name, found "${text}"`);
        return hasProtocolNumber(this.#source, this.#link, at, qualifiers.protocol, number);
      }
      default:
        return this.#source.fail(at, `expected an address, found "${text}"; hosts are not looked up by name`);
    }
  }

  /** `10.0.0.1`, `10.1`. */
  ipv4({ text, at }: Token, qualifiers: Qualifiers): Expression {
    return this.#ipv4(at, ipv4Of(this.#source, at, text), qualifiers);
  }

  /** `10.0.0.0/8`. */
  ipv4Prefix({ text, at }: Token, prefix: Token, qualifiers: Qualifiers): Expression {
    if (prefix.value > 32) this.#source.fail(prefix.at, `a prefix of IPv4 has at most 32 bits, not ${prefix.value}`);
    return this.#ipv4Net(at, text, prefixMask(prefix.value), qualifiers);
  }

  /** `10.0.0.0 mask 255.0.0.0`. */
  ipv4Mask({ text, at }: Token, mask: Token, qualifiers: Qualifiers): Expression {
    return this.#ipv4Net(at, text, ipv4Of(this.#source, mask.at, mask.text).address, qualifiers);
  }

  /** `2001:db8::1`, `2001:db8::/32`. */
  ipv6({ text, at }: Token, prefix: Token | undefined, qualifiers: Qualifiers): Expression {
    const { kind, protocol, direction } = qualifiers;
    const bits = prefix?.value ?? 128;
    const words = ipv6Words(text);
    if (bits > 128) this.#source.fail(at, `a prefix of IPv6 has at most 128 bits, not ${bits}`);
    if (kind === 'host' && bits !== 128) this.#source.fail(at, 'a prefix is a net: expected net before it');
    if (kind !== 'host' && kind !== 'net') this.#source.fail(at, `expected a ${kind}, found an IPv6 address`);
    if (protocol !== undefined && protocol !== 'ip6') {
      this.#source.fail(at, `${protocol} has no IPv6 addresses: expected ip6, or nothing, before ${kind}`);
    }
    const isNet = words.every((word, i) => (word & ~prefixMask(Math.min(32, Math.max(0, bits - 32 * i)))) === 0);
    if (!isNet) this.#source.fail(at, `${text} has bits behind the first ${bits}`);
    return hasIpv6(this.#link, at, words, bits, direction);
  }

  /** `02:00:00:00:00:01`. */
  mac({ text, at }: Token, { kind, protocol, direction }: Qualifiers): Expression {
    if (protocol !== 'ether')
      this.#source.fail(at, 'an Ethernet address needs ether before its qualifiers: ether host');
    if (kind !== 'host') this.#source.fail(at, `expected a ${kind}, found an Ethernet address`);
    this.#link.expectEthernet(at, 'an Ethernet address');
    return hasMac(this.#link, macOf(text), direction);
  }

  #ipv4Net(at: number, text: string, mask: number, qualifiers: Qualifiers): Expression {
    if (qualifiers.kind !== 'net') this.#source.fail(at, 'a prefix is a net: expected net before it');
    const { address } = ipv4Of(this.#source, at, text);
    if ((address & ~mask) !== 0) this.#source.fail(at, `${text} has bits that the mask leaves open`);
    return this.#ipv4(at, { address, mask }, qualifiers);
  }

  #ipv4(at: number, net: Ipv4Net, { kind, protocol, direction }: Qualifiers): Expression {
    if (kind !== 'host' && kind !== 'net') this.#source.fail(at, `expected a ${kind}, found an IPv4 address`);
    if (protocol !== undefined && protocol !== 'ip' && protocol !== 'arp' && protocol !== 'rarp') {
      this.#source.fail(at, `${protocol} has no IPv4 addresses: expected ip, arp, rarp or nothing before ${kind}`);
    }
    return hasIpv4(this.#link, at, net, protocol, direction);
  }

  /** @param known the protocols that the service `name` has its port in */
  #ports(at: number, ports: Ports, qualifiers: Qualifiers, known?: readonly string[], name = ''): Expression {
    const { protocol, direction, kind } = qualifiers;
    if (protocol !== undefined && PORT_PROTOCOLS[protocol] === undefined) {
      this.#source.fail(at, `${protocol} has no ports: expected tcp, udp, sctp or nothing before ${kind}`);
    }
    if (protocol !== undefined && known !== undefined && !known.includes(protocol)) {
      this.#source.fail(at, `${name} is a service of ${known.join(' and ')}, not of ${protocol}`);
    }
    // A service of one protocol means this one; any other port all three, SCTP first as in libpcap.
    const one = protocol ?? (known?.length === 1 ? known[0] : undefined);
    const numbers = one === undefined ? Object.values(PORT_PROTOCOLS) : [PORT_PROTOCOLS[one]!];
    return hasPort(this.#link, at, ports, numbers, direction);
  }

  #portRange(at: number, text: string, qualifiers: Qualifiers): Expression {
    const dash = text.indexOf('-');
    if (dash < 0) this.#source.fail(at, `expected two ports with a dash between them, found "${text}"`);
    const ends = [text.slice(0, dash), text.slice(dash + 1)].map((end) =>
      /^\d+$/.test(end) ? { port: this.#port(at, Number(end)), protocols: undefined } : this.#service(at, end),
    );
    const [one, other] = [ends[0]!, ends[1]!];
    const ports = { first: Math.min(one.port, other.port), last: Math.max(one.port, other.port) };
    const known = one.protocols?.filter((protocol) => other.protocols?.includes(protocol));
    return this.#ports(at, ports, qualifiers, known?.length === 0 ? undefined : known, text);
  }

  #service(at: number, name: string): { port: number; protocols: readonly string[] } {
    return findService(name) ?? this.#source.fail(at, `expected a port, found "${name}", which is no known service`);
  }

  #port(at: number, value: number): number {
    if (value > 65535) this.#source.fail(at, `a port is at most 65535, not ${value}`);
    return value;
  }
}
