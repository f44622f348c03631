import { R1, R10 } from '../../ebpf/index.js';
import { type ClassName, PacketClass, TYPED, WITH_TRANSPORT } from './packet-classes.js';
import { FRAME, NETWORK, type RuleCode, Stack, TRANSPORT } from './rule-code.js';

/** Any offset that is not 0 (which the verifier would remember), for what a class has not. */
const NOWHERE = 12;

/** Leaves the class, and where network and transport begin, on the stack for {@link writeMeetingPoint}. */
export function writeMeeting(code: RuleCode, name: ClassName, label: string): void {
  const { a } = code;
  const one = PacketClass[name];
  a.store('u16', R10, Stack.packetClass, one);
  if (one & TYPED) {
    a.mov(R1, NETWORK).alu('-', R1, FRAME).alu('-', R1, 2).store('u16', R10, Stack.networkOffset, R1);
  } else {
    a.store('u16', R10, Stack.networkOffset, NOWHERE);
  }
  if (one & WITH_TRANSPORT) {
    a.mov(R1, TRANSPORT).alu('-', R1, FRAME).store('u16', R10, Stack.transportOffset, R1);
  } else {
    a.store('u16', R10, Stack.transportOffset, NOWHERE);
  }
  a.goto(label);
}

/**
 * Where packets of all classes come together. The pointers are made anew, from offsets of which the verifier knows nothing, so
 * that it walks the rules once. Nothing is known of what they point to either.
 */
export function writeMeetingPoint(code: RuleCode): void {
  const { a } = code;
  a.load('u16', R1, R10, Stack.networkOffset).alu('&', R1, 0x1f);
  a.mov(NETWORK, FRAME).alu('+', NETWORK, R1).alu('+', NETWORK, 2);
  a.load('u16', R1, R10, Stack.transportOffset).alu('&', R1, 0x7fff);
  a.mov(TRANSPORT, FRAME).alu('+', TRANSPORT, R1);
}

/** Something in what only IPv6 writes: until Linux 6.3 the verifier lets nobody read stack that was not written, whatever the class. */
export function writeNotes({ a }: RuleCode): void {
  a.store('u8', R10, Stack.fragment6, NOWHERE).store('u8', R10, Stack.protocol6, NOWHERE);
}
