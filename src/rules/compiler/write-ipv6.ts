import { R1, R2, R4, R10 } from '../../ebpf/index.js';
import { EtherType, IpProtocol } from '../../wire/index.js';
import { RULE_LIMITS } from '../model/index.js';
import type { ClassLabels } from './class-labels.js';
import { IPV6, PacketClass } from './packet-classes.js';
import { END, FRAME, NETWORK, type RuleCode, Stack, TRANSPORT } from './rule-code.js';
import { turned } from './write-field.js';
import { writeTransports } from './write-ipv4.js';

/** Numbers of extension headers (RFC 8200, RFC 4302). */
const Extension = { hopByHop: 0, routing: 43, fragment: 44, authentication: 51, destination: 60 } as const;

/** What the walk notes of fragments. Never 0: the verifier would remember that. */
const Fragment = { none: 1, first: 2 } as const;

export function writePlainIpv6(code: RuleCode, labels: ClassLabels, otherwise: string): void {
  const { a } = code;
  a.mov(R2, FRAME).alu('+', R2, 62).jump('>', R2, END, otherwise);
  a.load('u16', R1, FRAME, 12).jump32('!=', R1, turned(EtherType.ipv6, 2), otherwise);
  a.load('u8', R1, FRAME, 14).alu32('&', R1, 0xf0).jump32('!=', R1, 0x60, otherwise);
  a.mov(NETWORK, FRAME).alu('+', NETWORK, 14).mov(TRANSPORT, FRAME).alu('+', TRANSPORT, 54);
  const common = labels.common(IPV6);
  if (common !== undefined) {
    a.goto(common);
    return;
  }
  a.store('u8', R10, Stack.fragment6, Fragment.none).load('u8', R1, NETWORK, 6);
  const headers = headersOf(labels);
  // What is none of the three may be an extension header.
  for (const { protocol, label, size } of headers) {
    if (size <= 8) {
      a.jump32('==', R1, protocol, label);
    } else {
      a.jump32('!=', R1, protocol, otherwise);
      a.mov(R2, TRANSPORT).alu('+', R2, size).jump('>', R2, END, otherwise).goto(label);
    }
  }
}

/** At R7, where anything may stand. */
export function writeIpv6(code: RuleCode, labels: ClassLabels): void {
  const { a } = code;
  const other = labels.of('other');
  code.reach(NETWORK, 40, other);
  a.load('u8', R1, NETWORK).alu32('&', R1, 0xf0).jump32('!=', R1, 0x60, other);
  const common = labels.common(IPV6);
  if (common !== undefined) {
    a.goto(common);
    return;
  }
  const bare = labels.of('bare6');
  const later = 'later fragment';
  a.mov(TRANSPORT, NETWORK).alu('+', TRANSPORT, 40).load('u8', R4, NETWORK, 6);
  a.store('u8', R10, Stack.fragment6, Fragment.none);
  for (let header = 0; header < RULE_LIMITS.extensionHeaders; header++) writeExtension(code, header, bare, later);
  for (const extension of Object.values(Extension)) a.jump32('==', R4, extension, bare);
  writeTransport(code, labels);
  a.label(later).store('u8', R10, Stack.protocol6, R4).goto(labels.of('later6'));
}

/** If R4 is the number of an extension header, R8 and R4 go on to what follows it. */
function writeExtension(code: RuleCode, header: number, bare: string, later: string): void {
  const { a } = code;
  const [eights, fours, fragment, next] = ['eights', 'fours', 'fragment', 'behind'].map((name) => `${name} ${header}`);
  for (const extension of [Extension.hopByHop, Extension.routing, Extension.destination]) {
    a.jump32('==', R4, extension, eights!);
  }
  a.jump32('==', R4, Extension.fragment, fragment!).jump32('!=', R4, Extension.authentication, 'transport');
  a.label(fours!);
  code.reach(TRANSPORT, 8, bare);
  a.load('u8', R1, TRANSPORT, 1).alu('+', R1, 2).alu('<<', R1, 2).goto(next!);
  a.label(eights!);
  code.reach(TRANSPORT, 8, bare);
  a.load('u8', R1, TRANSPORT, 1).alu('+', R1, 1).alu('<<', R1, 3).goto(next!);
  a.label(fragment!);
  code.reach(TRANSPORT, 8, bare);
  const whole = `more ${header}`;
  a.load('u8', R4, TRANSPORT, 0).load('u16', R1, TRANSPORT, 2).jump32('&', R1, turned(0xfff8, 2), later);
  a.load('u8', R4, TRANSPORT, 3).alu('&', R4, 1).jump32('==', R4, 0, whole);
  a.store('u8', R10, Stack.fragment6, Fragment.first);
  a.label(whole).mov(R1, 8);
  // One number for all kinds, through the stack: the verifier then walks on once from here.
  a.label(next!).load('u8', R4, TRANSPORT, 0);
  a.store('u16', R10, Stack.scratch, R1).load('u16', R1, R10, Stack.scratch).alu('&', R1, 0xffc);
  a.alu('+', TRANSPORT, R1).jump('>', TRANSPORT, END, bare);
}

/** The walk has ended with a protocol in R4. Its offset, too, goes through the stack, however many headers there were. */
function writeTransport(code: RuleCode, labels: ClassLabels): void {
  const { a } = code;
  a.label('transport').store('u8', R10, Stack.protocol6, R4);
  a.mov(R1, TRANSPORT).alu('-', R1, FRAME).store('u16', R10, Stack.scratch, R1);
  a.load('u16', R1, R10, Stack.scratch).alu('&', R1, 0x7fff);
  a.mov(TRANSPORT, FRAME).alu('+', TRANSPORT, R1).jump('>', TRANSPORT, END, labels.of('bare6'));
  const begun = labels.common(IPV6 & ~(PacketClass.later6 | PacketClass.bare6));
  if (begun !== undefined) {
    a.goto(begun);
    return;
  }
  a.mov(R1, R4);
  writeTransports(code, headersOf(labels), labels.of('rest6'), 0);
}

function headersOf(labels: ClassLabels): { protocol: number; label: string; size: number }[] {
  return [
    { protocol: IpProtocol.udp, label: labels.of('udp6'), size: 8 },
    { protocol: IpProtocol.icmpv6, label: labels.of('icmp6'), size: 8 },
    { protocol: IpProtocol.tcp, label: labels.of('tcp6'), size: 20 },
  ];
}
