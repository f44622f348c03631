import { type Assembler, R1, R10, type Register, XdpContext } from '../../ebpf/index.js';
import { ClassLabels } from './class-labels.js';
import { CLASS_NAMES, PacketClass, UDP } from './packet-classes.js';
import { END, FRAME, NETWORK, RuleCode, Stack, TRANSPORT } from './rule-code.js';
import { writeParser } from './write-parser.js';

/** What is where behind {@link emitUdpParser}. All else that it has used is free. */
export const UdpPlace: {
  readonly frame: Register;
  /** The IP header, of either version. */
  readonly network: Register;
  /** The UDP header, whose 8 bytes are there. */
  readonly udp: Register;
  readonly end: Register;
  /** Offset from R10 of the context, a pointer. */
  readonly context: number;
  /** Offset from R10 below which the stack is untouched. */
  readonly stackEnd: number;
} = {
  frame: FRAME,
  network: NETWORK,
  udp: TRANSPORT,
  end: END,
  context: Stack.context,
  stackEnd: -40,
};

/**
 * Begins an XDP program: finds the UDP header of a frame as docs/rules.md reads it (two tags, IPv4 options, IPv6 extension headers,
 * no later fragment), and goes to one of two labels, or on behind it if one of them stands there.
 */
export function emitUdpParser(a: Assembler, labels: { readonly udp: string; readonly other: string }): void {
  const code = new RuleCode({}, a);
  a.store('u64', R10, Stack.context, R1);
  a.load('u32', FRAME, R1, XdpContext.data).load('u32', END, R1, XdpContext.dataEnd);
  const { udp, other } = labels;
  writeParser(code, new ClassLabels(new Map(CLASS_NAMES.map((name) => [name, PacketClass[name] & UDP ? udp : other]))));
}
