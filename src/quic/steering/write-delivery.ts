import { Helper, R0, R1, R2, R3, R10, XdpAction, XdpContext } from '../../ebpf/index.js';
import { UdpPlace } from '../../rules/index.js';
import { ACTS } from './backend.js';
import { BackendValue, LoadValue, SteeringMap } from './layouts.js';
import { Statistic } from './statistics.js';
import { BACKEND, END, FRAME, Stack, type SteeringCode } from './steering-code.js';

/** The server in R0 is a backend's: its packet goes on to `deliver` (behind it), or to `unknown`. */
export function writeRouting(code: SteeringCode): void {
  const { a, plan } = code;
  const { variant } = plan.codec;
  a.label('decoded').store('u32', R10, Stack.server, R0);
  if (variant !== undefined) {
    a.load('u8', R1, R10, Stack.idKey).alu('>>', R1, variant.shift).alu('<<', R1, 3);
    a.load('u64', R2, R10, Stack.statistics).alu('+', R2, R1);
    a.load('u64', R1, R2, Statistic.variants).alu('+', R1, 1).store('u64', R2, Statistic.variants, R1);
  }
  code.lookUp(SteeringMap.servers, Stack.server);
  a.jump('==', R0, 0, 'unknown').load('u32', R1, R0).store('u32', R10, Stack.slot, R1);
  writeBackendLookup(code, 'unknown');
  a.mov(BACKEND, R0);
  code.count('routed');
}

/** R0 = the backend in the slot, or goes to `none` if there is none; R1 is lost. */
export function writeBackendLookup(code: SteeringCode, none: string): void {
  code.lookUp(SteeringMap.backends, Stack.slot);
  code.a.jump('==', R0, 0, none).load('u32', R1, R0, BackendValue.state).jump32('==', R1, 0, none);
}

/** Hands the packet to the backend in its slot. */
export function writeDelivery(code: SteeringCode): void {
  const { a, plan } = code;
  const without = plan.withoutSocket === 'pass' ? XdpAction.pass : XdpAction.drop;
  a.label('deliver');
  code.lookUp(SteeringMap.load, Stack.slot);
  a.jump('==', R0, 0, 'loaded');
  const { packets, bytes, initials } = LoadValue;
  a.load('u64', R1, R0, packets).alu('+', R1, 1).store('u64', R0, packets, R1);
  a.mov(R2, END).alu('-', R2, FRAME).load('u64', R1, R0, bytes).alu('+', R1, R2).store('u64', R0, bytes, R1);
  a.load('u32', R2, R10, Stack.isInitial).load('u64', R1, R0, initials).alu('+', R1, R2);
  a.store('u64', R0, initials, R1);
  a.label('loaded').load('u32', R1, BACKEND, BackendValue.act).jump32('!=', R1, ACTS.indexOf('socket'), 'elsewhere');
  code.count('toSocket');
  a.load('u64', R1, R10, UdpPlace.context).load('u32', R2, R1, XdpContext.rxQueueIndex);
  // A queue that came later would take the key of another backend's first one.
  a.jump32('>=', R2, plan.queues, 'no socket');
  a.load('u32', R3, R10, Stack.slot).alu('*', R3, plan.queues).alu('+', R2, R3);
  a.map(R1, SteeringMap.sockets).mov32(R3, without).call(Helper.redirectMap).exit();
  a.label('no socket');
  code.verdict(without);
  a.label('elsewhere').jump32('!=', R1, ACTS.indexOf('host'), 'to drop');
  code.count('toHost').verdict(XdpAction.pass);
  a.label('to drop');
  code.count('toDrop').verdict(XdpAction.drop);
}
