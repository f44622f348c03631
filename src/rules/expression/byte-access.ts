import { equals, load, operation } from './build.js';
import { EtherType, type LinkLayer } from './link-layer.js';
import { isCarried, isProtocol } from './protocols.js';
import type { Source } from './source.js';
import { IpProtocol, ipv4HeaderLength, isFirstFragment } from './transport.js';
import type { Arithmetic, Expression, Load } from './tree.js';

/** A number, and what must be true of the frame before it is computed: `tcp[13]` needs TCP. */
export interface Guarded {
  readonly value: Arithmetic;
  readonly guards: readonly Expression[];
}

const IPV6_HEADER = 40;

/** `tcp[index:size]`: bytes counted from the header of this name. */
export function byteAccess(
  source: Source,
  link: LinkLayer,
  at: number,
  name: string,
  index: Guarded,
  size: Load['size'],
): Guarded {
  const { network } = link;
  if (name === 'ether') return { value: load(size, link.header, index.value), guards: index.guards };
  if (isCarried(name) && !['iso', 'stp', 'ipx', 'netbeui'].includes(name)) {
    const guards = [...index.guards, isProtocol(source, link, at, name)];
    return { value: load(size, network, index.value), guards };
  }
  if (name === 'icmp6') {
    // A fragment header is not looked behind here, unlike for `icmp6` alone.
    const guards = [link.carries(at, EtherType.ip6), equals(1, network + 6, IpProtocol.icmp6)];
    return { value: load(size, network + IPV6_HEADER, index.value), guards: [...index.guards, ...guards] };
  }
  if (!Object.hasOwn(IpProtocol, name) || name === 'ah' || name === 'esp') {
    source.fail(at, `the bytes of ${name} can't be looked at`);
  }
  // Only within IPv4: behind IPv6 no transport header has a place of which it is known.
  const guards = [
    link.carries(at, EtherType.ip),
    ...index.guards,
    isProtocol(source, link, at, name),
    isFirstFragment(link),
  ];
  const header = ipv4HeaderLength(link);
  if (index.value.kind !== 'number') {
    return { value: load(size, network, operation('+', header, index.value)), guards };
  }
  return { value: load(size, (network + index.value.value) >>> 0, header), guards };
}
