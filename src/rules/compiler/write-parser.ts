import { R3, R4, R10 } from '../../ebpf/index.js';
import { EtherType } from '../../wire/index.js';
import type { ClassLabels } from './class-labels.js';
import { ALL_CLASSES, ETHERNET, IPV4, IPV6, PacketClass } from './packet-classes.js';
import { END, FRAME, NETWORK, type RuleCode, Stack } from './rule-code.js';
import { turned } from './write-field.js';
import { writeIpv4, writePlainIpv4 } from './write-ipv4.js';
import { writeIpv6, writePlainIpv6 } from './write-ipv6.js';

/**
 * Finds a packet's class and goes to its label, with R6 at the frame's beginning, R9 at its end, R7 where the network layer
 * begins and R8 where transport does, as far as the class has them. It tells apart only what has different labels.
 *
 * Frames as most are come first: no tag, and IP without options or extension headers. All others are read from the
 * beginning again, step by step.
 */
export function writeParser(code: RuleCode, labels: ClassLabels): void {
  const { a } = code;
  const all = labels.common(ALL_CLASSES);
  if (all !== undefined) {
    a.goto(all);
    return;
  }
  const ethernet = labels.common(ETHERNET);
  if (ethernet !== undefined) {
    code.reach(FRAME, 14, labels.of('short'));
    a.goto(ethernet);
    return;
  }
  const other = labels.of('other');
  const four = labels.common(IPV4 | PacketClass.other) === undefined;
  const six = labels.common(IPV6 | PacketClass.other) === undefined;
  if (four) {
    a.comment('IPv4, no tag, no options');
    const noFour = six ? 'plain IPv6' : 'any frame';
    writePlainIpv4(code, labels, noFour, 'any frame');
  }
  if (six) {
    a.label('plain IPv6').comment('IPv6, no tag, no extension header');
    writePlainIpv6(code, labels, 'any frame');
  }
  a.label('any frame');
  writeEthernet(code, labels);
  if (four) a.jump32('==', R3, turned(EtherType.ipv4, 2), 'any IPv4');
  if (six) a.jump32('==', R3, turned(EtherType.ipv6, 2), 'any IPv6');
  a.goto(other);
  if (four) {
    a.label('any IPv4');
    writeIpv4(code, labels);
  }
  if (six) {
    a.label('any IPv6');
    writeIpv6(code, labels);
  }
}

/** R3 = the EtherType as it stands, behind the tags; R7 where the network layer begins. */
function writeEthernet(code: RuleCode, labels: ClassLabels): void {
  const { a } = code;
  code.reach(FRAME, 14, labels.of('short'));
  a.load('u16', R3, FRAME, 12).mov(R4, 12);
  for (const [tag, at] of [
    ['outer', 16],
    ['inner', 20],
  ] as const) {
    const tagged = `${tag} tag`;
    a.jump32('==', R3, turned(EtherType.vlan, 2), tagged).jump32('!=', R3, turned(EtherType.serviceVlan, 2), 'type');
    a.label(tagged);
    code.reach(FRAME, at + 2, labels.of('untyped'));
    a.load('u16', R3, FRAME, at).mov(R4, at);
  }
  // The offset goes through the stack, so that the verifier takes it for any: it then walks the rest once, not for each number of tags.
  a.label('type').store('u16', R10, Stack.networkOffset, R4).load('u16', R4, R10, Stack.networkOffset);
  a.alu('&', R4, 31).mov(NETWORK, FRAME).alu('+', NETWORK, R4).alu('+', NETWORK, 2);
  a.jump('>', NETWORK, END, labels.of('untyped'));
}
