import type { Range } from '../model/index.js';
import { type Field, fieldIn } from './fields.js';
import { or, testOf, within } from './formula.js';
import type { Formula } from './formula-node.js';
import { coversAll } from './merge-tests.js';
import { type ClassSet, ICMP, IPV4, IPV6, PacketClass, TCP, UDP } from './packet-classes.js';

export const sourcePort: Field = { base: 'transport', offset: 0, size: 2 };
export const destinationPort: Field = { base: 'transport', offset: 2, size: 2 };
export const tcpFlags: Field = { base: 'transport', offset: 13, size: 1 };
/** FIN, SYN, RST. */
export const controlFlags: Field = { ...tcpFlags, mask: 7 };

const addresses = { 4: { src: 12, dst: 16 }, 6: { src: 8, dst: 24 } } as const;

/** Bytes from the IP header's beginning to an address. */
export function address(version: 4 | 6, side: 'src' | 'dst'): number {
  return addresses[version][side];
}

/** Tests a field that stands elsewhere in each IP version. */
export function fieldByVersion(classes: ClassSet, four: Field, six: Field, ranges: readonly Range[]): Formula {
  return or([
    within(classes, IPV4, (c) => fieldIn(c, four, ranges)),
    within(classes, IPV6, (c) => fieldIn(c, six, ranges)),
  ]);
}

/** IPv4's protocol, IPv6's next header. */
export function nextHeader(classes: ClassSet, protocol: number): Formula {
  const field: Field = { base: 'network', offset: 9, size: 1 };
  return fieldByVersion(classes, field, { ...field, offset: 6 }, [{ from: protocol, to: protocol }]);
}

export function protocolIs(classes: ClassSet, protocol: number): Formula {
  return protocolIn(classes, [{ from: protocol, to: protocol }]);
}

/** The protocol behind the extension headers. Classes of which it is known need no test. */
export function protocolIn(classes: ClassSet, ranges: readonly Range[]): Formula {
  const has = (protocol: number) => ranges.some(({ from, to }) => from <= protocol && protocol <= to);
  const rest4 = PacketClass.rest4 | PacketClass.later4;
  const rest6 = PacketClass.rest6 | PacketClass.later6;
  return or([
    within(classes, UDP, () => has(17)),
    within(classes, TCP, () => has(6)),
    within(classes, ICMP & IPV4, () => has(1)),
    within(classes, ICMP & IPV6, () => has(58)),
    within(classes, rest4, (c) => fieldIn(c, { base: 'network', offset: 9, size: 1 }, ranges)),
    within(classes, rest6, () => coversAll(ranges, 255) || testOf({ kind: 'note', note: 'protocol6', ranges })),
  ]);
}
