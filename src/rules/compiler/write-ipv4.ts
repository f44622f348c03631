import { R1, R2 } from '../../ebpf/index.js';
import { EtherType, IpProtocol } from '../../wire/index.js';
import type { ClassLabels } from './class-labels.js';
import { IPV4, PacketClass } from './packet-classes.js';
import { END, FRAME, NETWORK, type RuleCode, TRANSPORT } from './rule-code.js';
import { turned } from './write-field.js';

/** Bits of the field of 16 bits that are the fragment's offset. */
const OFFSET_BITS = turned(0x1fff, 2);

/** A frame whose bytes stand where they do most of the time; what is else goes to one of two labels. */
export function writePlainIpv4(code: RuleCode, labels: ClassLabels, otherType: string, otherShape: string): void {
  const { a } = code;
  const common = labels.common(IPV4);
  // Without ports 34 bytes are enough. A shorter frame is looked at again where nothing is taken for granted.
  a.mov(R2, FRAME)
    .alu('+', R2, common === undefined ? 42 : 34)
    .jump('>', R2, END, 'any frame');
  a.load('u16', R1, FRAME, 12).jump32('!=', R1, turned(EtherType.ipv4, 2), otherType);
  a.load('u8', R1, FRAME, 14).jump32('!=', R1, 0x45, otherShape);
  a.mov(NETWORK, FRAME).alu('+', NETWORK, 14);
  if (common !== undefined) {
    a.goto(common);
    return;
  }
  a.mov(TRANSPORT, FRAME).alu('+', TRANSPORT, 34);
  writeProtocols4(code, labels, true);
}

/** At R7, where anything may stand. */
export function writeIpv4(code: RuleCode, labels: ClassLabels): void {
  const { a } = code;
  const other = labels.of('other');
  code.reach(NETWORK, 20, other);
  a.load('u8', R1, NETWORK).mov(R2, R1).alu('>>', R2, 4).jump32('!=', R2, 4, other);
  a.alu('&', R1, 15).jump32('<', R1, 5, other).alu('<<', R1, 2);
  a.mov(TRANSPORT, NETWORK).alu('+', TRANSPORT, R1).jump('>', TRANSPORT, END, other);
  const common = labels.common(IPV4);
  if (common !== undefined) a.goto(common);
  else writeProtocols4(code, labels, false);
}

/** @param reached 8 bytes of transport are known to be there */
function writeProtocols4(code: RuleCode, labels: ClassLabels, reached: boolean): void {
  const { a } = code;
  const rest = labels.of('rest4');
  const begun = labels.common(IPV4 & ~PacketClass.later4);
  if (labels.of('later4') !== begun) {
    a.load('u16', R1, NETWORK, 6).jump32('&', R1, OFFSET_BITS, labels.of('later4'));
  }
  if (begun !== undefined) {
    a.goto(begun);
    return;
  }
  a.load('u8', R1, NETWORK, 9);
  const headers = [
    { protocol: IpProtocol.udp, label: labels.of('udp4'), size: 8 },
    { protocol: IpProtocol.tcp, label: labels.of('tcp4'), size: 20 },
    { protocol: IpProtocol.icmp, label: labels.of('icmp4'), size: 8 },
  ];
  writeTransports(code, headers, rest, reached ? 8 : 0);
}

/** By the protocol in R1 to the label of a header, if all of it is there; otherwise to the rest. */
export function writeTransports(
  code: RuleCode,
  headers: readonly { readonly protocol: number; readonly label: string; readonly size: number }[],
  rest: string,
  reached: number,
): void {
  const { a } = code;
  for (const { protocol, label, size } of headers.filter((header) => header.label !== rest)) {
    const other = code.fresh('protocol');
    if (size <= reached) {
      a.jump32('==', R1, protocol, label);
    } else {
      a.jump32('!=', R1, protocol, other);
      a.mov(R2, TRANSPORT).alu('+', R2, size).jump('<=', R2, END, label).goto(rest).label(other);
    }
  }
  a.goto(rest);
}
