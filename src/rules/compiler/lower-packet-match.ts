import { EtherType } from '../../wire/index.js';
import {
  type BytesMatch,
  type FragmentMatch,
  hexBytes,
  type IcmpMatch,
  type PacketMatch,
  type PortsMatch,
  type Range,
  type TcpFlagName,
  type TcpFlagsMatch,
  type VlanMatch,
} from '../model/index.js';
import { lowerPrefixes, macsAre } from './address-lists.js';
import { bytesAre, type Field, fieldIn, fieldIs, present } from './fields.js';
import { and, or, testOf, within } from './formula.js';
import type { Formula } from './formula-node.js';
import { destinationPort, fieldByVersion, protocolIn, sourcePort, tcpFlags } from './header-fields.js';
import { lowerQuic } from './lower-quic.js';
import { rangesOf } from './number-sets.js';
import {
  type ClassSet,
  ETHERNET,
  ICMP,
  IPV4,
  IPV6,
  PacketClass,
  TCP,
  TYPED,
  UDP,
  WITH_TRANSPORT,
} from './packet-classes.js';

/** The matches that XDP for Windows has not. */
export function lowerPacketMatch(match: PacketMatch, classes: ClassSet): Formula {
  switch (match.type) {
    case 'src-mac':
    case 'dst-mac':
      return within(classes, ETHERNET, (c) => macsAre(c, match));
    case 'ether-type':
      return etherType(classes, rangesOf(match.value));
    case 'vlan':
      return within(classes, ETHERNET, (c) => vlan(c, match));
    case 'src-prefix':
    case 'dst-prefix':
      return lowerPrefixes(match, classes);
    case 'ip-protocol':
      return protocolIn(classes, rangesOf(match.protocol));
    case 'dscp':
      return fieldByVersion(
        classes,
        { base: 'network', offset: 1, size: 1, shift: 2, mask: 63 },
        { base: 'network', offset: 0, size: 2, shift: 6, mask: 63 },
        rangesOf(match.value),
      );
    case 'ttl':
      return fieldByVersion(
        classes,
        { base: 'network', offset: 8, size: 1 },
        { base: 'network', offset: 7, size: 1 },
        rangesOf(match.value),
      );
    case 'fragment':
      return fragment(classes, match);
    case 'port':
      return ports(classes, match);
    case 'tcp-flags':
      return within(classes, TCP, (c) => flags(c, match));
    case 'icmpv4':
    case 'icmpv6':
      return within(classes, ICMP & (match.type === 'icmpv4' ? IPV4 : IPV6), (c) => icmp(c, match));
    case 'quic':
      return within(classes, UDP, (c) => lowerQuic(c, match));
    case 'length':
      return testOf({ kind: 'length', ranges: rangesOf(match.value) });
    case 'bytes':
      return bytes(classes, match);
  }
}

/** Of IP the EtherType is known. One that announces IP where no whole IP header stands is tested like any other. */
function etherType(classes: ClassSet, ranges: readonly Range[]): Formula {
  const has = (type: number) => ranges.some(({ from, to }) => from <= type && type <= to);
  return or([
    within(classes, IPV4, () => has(EtherType.ipv4)),
    within(classes, IPV6, () => has(EtherType.ipv6)),
    within(classes, PacketClass.other, (c) => fieldIn(c, { base: 'network', offset: -2, size: 2 }, ranges)),
  ]);
}

/** 0x8100 and 0x88a8. */
const TAG_TYPES = [0x8100, 0x88a8].map((type) => ({ from: type, to: type }));

function vlan(classes: ClassSet, match: VlanMatch): Formula {
  const announced = (offset: number) => fieldIn(classes, { base: 'frame', offset, size: 2 }, TAG_TYPES);
  const outer = match.tag !== 'inner';
  const tag = outer ? 14 : 18;
  const id: Field = { base: 'frame', offset: tag, size: 2, mask: 0xfff };
  return and([
    announced(12),
    outer ? true : announced(16),
    present(classes, 'frame', tag + 4),
    match.id === undefined ? true : fieldIn(classes, id, rangesOf(match.id)),
  ]);
}

function fragment(classes: ClassSet, { part = 'any' }: FragmentMatch): Formula {
  const later = PacketClass.later4 | PacketClass.later6;
  return or([
    within(classes, later, () => part !== 'first'),
    within(classes, IPV4 & ~later, (c) =>
      part === 'later' ? false : fieldIs(c, { base: 'network', offset: 6, size: 1, shift: 5, mask: 1 }, 1),
    ),
    within(classes, IPV6 & ~later, () =>
      part === 'later' ? false : testOf({ kind: 'note', note: 'fragment6', ranges: [{ from: 2, to: 2 }] }),
    ),
  ]);
}

function ports(classes: ClassSet, { protocol = 'either', side = 'either', ports }: PortsMatch): Formula {
  const wanted = (protocol === 'tcp' ? 0 : UDP) | (protocol === 'udp' ? 0 : TCP);
  const ranges = rangesOf(ports);
  return within(classes, wanted, (c) =>
    or([
      side === 'src' ? false : fieldIn(c, destinationPort, ranges),
      side === 'dst' ? false : fieldIn(c, sourcePort, ranges),
    ]),
  );
}

const FLAG_NAMES: readonly TcpFlagName[] = ['fin', 'syn', 'rst', 'psh', 'ack', 'urg', 'ece', 'cwr'];

function flags(classes: ClassSet, { set = [], clear = [] }: TcpFlagsMatch): Formula {
  const bits = (names: readonly TcpFlagName[]) => names.reduce((all, name) => all | (1 << FLAG_NAMES.indexOf(name)), 0);
  return fieldIs(classes, { ...tcpFlags, mask: bits(set) | bits(clear) }, bits(set));
}

function icmp(classes: ClassSet, { icmpType, code }: IcmpMatch): Formula {
  const type: Field = { base: 'transport', offset: 0, size: 1 };
  return and([
    icmpType === undefined ? true : fieldIn(classes, type, rangesOf(icmpType)),
    code === undefined ? true : fieldIn(classes, { ...type, offset: 1 }, rangesOf(code)),
  ]);
}

function bytes(classes: ClassSet, match: BytesMatch): Formula {
  const { offset } = match;
  const value = hexBytes(match.value);
  const mask = match.mask === undefined ? undefined : hexBytes(match.mask);
  switch (match.from) {
    case 'network':
      return within(classes, TYPED, (c) => bytesAre(c, 'network', offset, value, mask));
    case 'transport':
      return within(classes, WITH_TRANSPORT, (c) => bytesAre(c, 'transport', offset, value, mask));
    case 'payload':
      return or([
        within(classes, UDP | ICMP, (c) => bytesAre(c, 'transport', 8 + offset, value, mask)),
        within(classes, TCP, (c) => bytesAre(c, 'tcpPayload', offset, value, mask)),
      ]);
    default:
      return bytesAre(classes, 'frame', offset, value, mask);
  }
}
