import { parseIp } from '../../wire/index.js';
import { hexBytes, type Numbers, type QuicFlowMatch, type TypedMatch } from '../model/index.js';
import { bytesAre, fieldIn, fieldIs, present } from './fields.js';
import { and, testOf, within } from './formula.js';
import type { Formula } from './formula-node.js';
import { address, controlFlags, destinationPort, nextHeader, protocolIs, sourcePort } from './header-fields.js';
import { rangesOf } from './number-sets.js';
import { type ClassSet, IPV4, IPV6, PacketClass, TCP, UDP } from './packet-classes.js';

/** The 23 matches of XDP for Windows. @returns undefined for another one */
export function lowerWindowsMatch(match: TypedMatch, classes: ClassSet): Formula | undefined {
  switch (match.type) {
    case 'all':
      return true;
    case 'udp':
      return within(classes, UDP, () => true);
    case 'udp-dst':
      return within(classes, UDP, (c) => fieldIs(c, destinationPort, match.port));
    case 'tcp-dst':
      return within(classes, TCP, (c) => fieldIs(c, destinationPort, match.port));
    case 'tcp-control-dst':
      return within(classes, TCP, (c) =>
        and([fieldIs(c, destinationPort, match.port), fieldIn(c, controlFlags, [{ from: 1, to: 7 }])]),
      );
    case 'ipv4-dst-mask':
      return within(classes, IPV4, (c) => addressIs(c, 4, 'dst', match.address, match.mask));
    case 'ipv6-dst-mask':
      return within(classes, IPV6, (c) => addressIs(c, 6, 'dst', match.address, match.mask));
    case 'ipv4-udp-tuple':
    case 'ipv6-udp-tuple': {
      const version = match.type === 'ipv4-udp-tuple' ? 4 : 6;
      return within(classes, UDP & versionClasses(version), (c) =>
        and([
          fieldIs(c, destinationPort, match.dstPort),
          fieldIs(c, sourcePort, match.srcPort),
          addressIs(c, version, 'src', match.src),
          addressIs(c, version, 'dst', match.dst),
        ]),
      );
    }
    case 'udp-port-set':
      return within(classes, UDP, (c) => fieldIn(c, destinationPort, rangesOf(match.ports)));
    case 'ipv4-udp-port-set':
      return within(classes, UDP & IPV4, (c) => addressAndPort(c, 4, match.address, match.ports));
    case 'ipv6-udp-port-set':
      return within(classes, UDP & IPV6, (c) => addressAndPort(c, 6, match.address, match.ports));
    case 'ipv4-tcp-port-set':
      return within(classes, TCP & IPV4, (c) => addressAndPort(c, 4, match.address, match.ports));
    case 'ipv6-tcp-port-set':
      return within(classes, TCP & IPV6, (c) => addressAndPort(c, 6, match.address, match.ports));
    case 'ip-next-header':
      return nextHeader(classes, match.protocol);
    case 'quic-flow-src-cid':
    case 'quic-flow-dst-cid':
      return within(classes, UDP, (c) => connectionId(c, match, 'transport'));
    case 'tcp-quic-flow-src-cid':
    case 'tcp-quic-flow-dst-cid':
      return within(classes, TCP, (c) => connectionId(c, match, 'tcpPayload'));
    case 'inner-ipv4-dst-mask-udp':
      return innerIpv4(classes, parseIp(match.address), parseIp(match.mask));
    case 'inner-ipv6-dst-mask-udp':
      return innerIpv6(classes, parseIp(match.address), parseIp(match.mask));
    case 'icmpv4-echo-reply-ip-dst':
      return within(classes, PacketClass.icmp4, (c) =>
        and([fieldIs(c, { base: 'transport', offset: 0, size: 1 }, 0), addressIs(c, 4, 'dst', match.address)]),
      );
    case 'icmpv6-echo-reply-ip-dst':
      return within(classes, PacketClass.icmp6, (c) =>
        and([fieldIs(c, { base: 'transport', offset: 0, size: 1 }, 129), addressIs(c, 6, 'dst', match.address)]),
      );
    default:
      return undefined;
  }
}

const versionClasses = (version: 4 | 6): ClassSet => (version === 4 ? IPV4 : IPV6);

function addressIs(classes: ClassSet, version: 4 | 6, side: 'src' | 'dst', text: string, mask?: string): Formula {
  return bytesAre(
    classes,
    'network',
    address(version, side),
    parseIp(text),
    mask === undefined ? undefined : parseIp(mask),
  );
}

function addressAndPort(classes: ClassSet, version: 4 | 6, text: string, ports: Numbers): Formula {
  return and([addressIs(classes, version, 'dst', text), fieldIn(classes, destinationPort, rangesOf(ports))]);
}

/** The payload of UDP begins 8 bytes behind the beginning of transport. */
function connectionId(classes: ClassSet, match: QuicFlowMatch, base: 'transport' | 'tcpPayload'): Formula {
  const { offset = 0 } = match;
  const id = hexBytes(match.cid);
  const payload = base === 'transport' ? 8 : 0;
  const port = fieldIs(classes, destinationPort, match.port);
  if (match.type === 'quic-flow-src-cid' || match.type === 'tcp-quic-flow-src-cid') {
    return and([port, testOf({ kind: 'longConnectionId', base, offset, id })]);
  }
  return and([
    port,
    fieldIs(classes, { base, offset: payload, size: 1, mask: 0x80 }, 0),
    bytesAre(classes, base, payload + 1 + offset, id),
  ]);
}

function innerIpv4(classes: ClassSet, value: Uint8Array, mask: Uint8Array): Formula {
  return within(classes, PacketClass.rest4 | PacketClass.rest6, (c) =>
    and([protocolIs(c, 4), testOf({ kind: 'innerIpv4', value, mask })]),
  );
}

function innerIpv6(classes: ClassSet, value: Uint8Array, mask: Uint8Array): Formula {
  return within(classes, PacketClass.rest4 | PacketClass.rest6, (c) =>
    and([
      protocolIs(c, 41),
      present(c, 'transport', 48),
      fieldIs(c, { base: 'transport', offset: 0, size: 1, shift: 4, mask: 0xf }, 6),
      fieldIs(c, { base: 'transport', offset: 6, size: 1 }, 17),
      bytesAre(c, 'transport', 24, value, mask),
    ]),
  );
}
