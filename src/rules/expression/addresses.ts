import { parseIp } from '../../wire/index.js';
import { all, any, equals } from './build.js';
import { EtherType, type LinkLayer } from './link-layer.js';
import type { Direction } from './qualifiers.js';
import type { Source } from './source.js';
import type { Expression } from './tree.js';

/** An IPv4 network. */
export interface Ipv4Net {
  readonly address: number;
  readonly mask: number;
}

const IPV4 = { type: EtherType.ip, src: 12, dst: 16 } as const;
/** Of ARP and RARP for IPv4 over Ethernet. */
const ARP = { type: EtherType.arp, src: 14, dst: 24 } as const;
const RARP = { ...ARP, type: EtherType.rarp } as const;
const IPV6 = { src: 8, dst: 24 } as const;

/** `10.1`, as the first two bytes of an address; with a mask of as many bytes. */
export function ipv4Of(source: Source, at: number, text: string): Ipv4Net {
  const parts = text.split('.').map(Number);
  if (parts.some((part) => part > 255)) source.fail(at, `${text} is no IPv4 address: a byte is at most 255`);
  const shift = 32 - 8 * parts.length;
  const value = parts.reduce((sum, part) => sum * 256 + part, 0);
  return { address: value * 2 ** shift, mask: prefixMask(32 - shift) };
}

/** A single number of `net 10`: shifted up until its first byte is not 0. */
export function ipv4OfNumber(value: number): Ipv4Net {
  let [address, mask] = [value, 0xffffffff];
  while (address !== 0 && address < 2 ** 24) [address, mask] = [address * 256, (mask << 8) >>> 0];
  return { address, mask };
}

export function prefixMask(length: number): number {
  return length === 0 ? 0 : (-1 << (32 - length)) >>> 0;
}

/** Without a protocol IPv4, ARP and RARP are looked at. */
export function hasIpv4(
  link: LinkLayer,
  at: number,
  net: Ipv4Net,
  protocol: 'ip' | 'arp' | 'rarp' | undefined,
  direction: Direction | undefined,
): Expression {
  const places = { ip: [IPV4], arp: [ARP], rarp: [RARP], any: link.hasLabels ? [IPV4] : [IPV4, ARP, RARP] };
  return any(
    ...places[protocol ?? 'any'].map((place) =>
      directed(direction, (end) =>
        all(link.carries(at, place.type), equals(4, link.network + place[end], net.address, net.mask)),
      ),
    ),
  );
}

/** What the prefix leaves open is not looked at: a frame that was cut off behind the prefix matches. */
export function hasIpv6(
  link: LinkLayer,
  at: number,
  address: readonly number[],
  prefix: number,
  direction: Direction | undefined,
): Expression {
  return directed(direction, (end) => {
    const words = address.map((word, i) => {
      const mask = prefixMask(Math.min(32, Math.max(0, prefix - 32 * i)));
      return equals(4, link.network + IPV6[end] + 4 * i, word, mask);
    });
    return all(link.carries(at, EtherType.ip6), ...words);
  });
}

/** The address as four words. */
export function ipv6Words(text: string): number[] {
  const bytes = parseIp(text);
  const view = new DataView(bytes.buffer);
  return [0, 4, 8, 12].map((offset) => view.getUint32(offset));
}

/** The bytes of an address in any of the forms that tcpdump takes: `2:0:0:0:0:1`, `02-00-...`, `0200.0000.0001`. */
export function macOf(text: string): Uint8Array {
  const parts = text.split(/[:.-]/);
  const digits = parts.map((part) => part.padStart(parts.length === 6 ? 2 : 4, '0')).join('');
  return Uint8Array.from(digits.match(/../g) ?? [], (byte) => Number.parseInt(byte, 16));
}

export function hasMac(link: LinkLayer, mac: Uint8Array, direction: Direction | undefined): Expression {
  return directed(direction, (end) => link.hasAddress(end === 'src' ? 6 : 0, mac));
}

function directed(direction: Direction | undefined, test: (end: 'src' | 'dst') => Expression): Expression {
  if (direction === 'src' || direction === 'dst') return test(direction);
  return direction === 'both' ? all(test('src'), test('dst')) : any(test('src'), test('dst'));
}
