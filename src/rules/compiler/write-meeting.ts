import { Helper, R0, R1, R2, R3, R4, R6, R10, XdpAction, XdpContext } from '../../ebpf/index.js';
import { LIMIT_TICKS } from '../model/index.js';
import { type ClassName, PacketClass, TYPED, WITH_TRANSPORT } from './packet-classes.js';
import { END, FRAME, NETWORK, type RuleCode, Stack, TRANSPORT } from './rule-code.js';
import { writeVerdict } from './write-action.js';

/** Any offset that is not 0 (which the verifier would remember), for what a class has not. */
const NOWHERE = 12;

/** What a function of rules returns for the next one to be tried: no verdict. (A tail call in it returns what the program called says.) */
const UNDECIDED = 0x7fff_ffff;

/** Leaves the class, and where network and transport begin, on the stack for {@link writeCalls}. */
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
 * Where packets of all classes come together. The rules stand in global functions, each of which the verifier checks by
 * itself: it gives up where more than 8,192 branches wait to be walked (BPF_COMPLEXITY_LIMIT_JMP_SEQ), which in
 * one function of thousands of conditions they would.
 *
 * Arguments: the context; class, and what was noted of IPv6; offsets of network and transport; the time for limits.
 */
export function writeCalls(code: RuleCode, functions: readonly string[], timed: boolean): void {
  const { a } = code;
  a.label('rules').mov(R6, 0);
  if (timed)
    a.call(Helper.ktimeGetNs)
      .alu('<<', R0, Math.log2(Number(LIMIT_TICKS)))
      .mov(R6, R0);
  for (const name of functions) {
    const next = code.fresh('next');
    a.load('u64', R1, R10, Stack.context);
    a.load('u16', R2, R10, Stack.packetClass).load('u8', R3, R10, Stack.protocol6).alu('<<', R3, 16).alu('|', R2, R3);
    a.load('u8', R3, R10, Stack.fragment6).alu('<<', R3, 24).alu('|', R2, R3);
    a.load('u16', R3, R10, Stack.networkOffset).load('u16', R4, R10, Stack.transportOffset);
    a.alu('<<', R4, 16).alu('|', R3, R4).mov(R4, R6);
    a.callLocal(name).jump32('==', R0, UNDECIDED, next).exit().label(next);
  }
  writeVerdict(code, XdpAction.pass);
}

/**
 * The beginning of a function: the registers and the stack as tests want them. The pointers are made anew, and nothing is
 * known of what they point to.
 *
 * @param options with `calls` the function calls others with what it was called with
 */
export function writeEntry(code: RuleCode, name: string, options: { readonly calls?: boolean } = {}): void {
  const { a } = code;
  a.label(name).store('u64', R10, Stack.context, R1).store('u64', R10, Stack.now, R4);
  if (options.calls) a.store('u64', R10, Stack.notes, R2).store('u64', R10, Stack.offsets, R3);
  a.store('u16', R10, Stack.packetClass, R2).alu('>>', R2, 16).store('u8', R10, Stack.protocol6, R2);
  a.alu('>>', R2, 8).store('u8', R10, Stack.fragment6, R2);
  a.load('u32', FRAME, R1, XdpContext.data).load('u32', END, R1, XdpContext.dataEnd);
  a.mov(R1, R3).alu('&', R1, 0x1f).mov(NETWORK, FRAME).alu('+', NETWORK, R1).alu('+', NETWORK, 2);
  a.alu('>>', R3, 16).alu('&', R3, 0x7fff).mov(TRANSPORT, FRAME).alu('+', TRANSPORT, R3);
}

/** No rule of the function has decided. */
export function writeUndecided({ a }: RuleCode): void {
  a.mov32(R0, UNDECIDED).exit();
}

/** Something in what only IPv6 writes: until Linux 6.3 the verifier lets nobody read stack that was not written, whatever the class. */
export function writeNotes({ a }: RuleCode): void {
  a.store('u8', R10, Stack.fragment6, NOWHERE).store('u8', R10, Stack.protocol6, NOWHERE);
}
